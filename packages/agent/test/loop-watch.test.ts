import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {expect, test} from 'vitest';

const file = join(import.meta.dirname, '../src/loop-watch.ts');
const program = (then: string) => `
  const {watchLoop} = await import(${JSON.stringify(file)});
  const stop = watchLoop({everyMs: 50, most: 6});
  ${then}
`;
async function end(then: string): Promise<unknown[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(then)], {stdio: 'ignore'});
  return once(child, 'exit');
}

test('a process whose loop stands still is ended, and one that only works hard is not', async () => {
  expect(await end('await new Promise(go => setTimeout(go, 200)); for (;;);')).toEqual([null, 'SIGKILL']);
  expect(
    await end(`
      for (let turn = 0; turn < 20; turn++) {
        for (const until = performance.now() + 60; performance.now() < until;);
        await new Promise(go => setTimeout(go));
      }
    `),
  ).toEqual([0, null]);
});

test('one that was told to stop looks no more, and keeps no process alive', async () => {
  expect(await end('stop(); for (const until = performance.now() + 800; performance.now() < until;);')).toEqual([0, null]);
  expect(await end('')).toEqual([0, null]);
});
