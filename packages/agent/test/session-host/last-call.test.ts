import {spawnSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {LastCall, jobEntered} from '../../src/session-host/last-call.ts';

const moduleOf = JSON.stringify(new URL('../../src/session-host/last-call.ts', import.meta.url).href);

function withDir<T>(work: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'bxc-'));
  try {
    return work(dir);
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
}

/** A process that notes its calls, until it ends itself without another word. */
const run = (dir: string, script: string) =>
  spawnSync(process.execPath, [
    '--input-type=module',
    '-e',
    `import {LastCall} from ${moduleOf}; const calls = new LastCall(${JSON.stringify(dir)}, 'v'); const die = () => process.kill(process.pid, 'SIGKILL');${script}`,
  ]);

test('of a process that died inside a call of an engine it is told for which job it was there', () =>
  withDir(dir => {
    const script = `
      calls.for('j-one', () => Promise.resolve().then(() => calls.entering('wait', () => new Promise(() => {}))));
      calls.for('j-two', () => setTimeout(() => calls.entering('wait', die), 20));`;
    expect(run(dir, script).signal).toBe('SIGKILL');
    expect(jobEntered(dir, 'v')).toBe('j-two');
    expect(jobEntered(dir, 'other')).toBeUndefined();
  }));

test('of one that died elsewhere nobody is named', () =>
  withDir(dir => {
    expect(run(dir, `calls.for('j-one', () => calls.entering('wait', async () => {})); setTimeout(die, 20);`).signal).toBe('SIGKILL');
    expect(jobEntered(dir, 'v')).toBeUndefined();
  }));

test('the next one begins with nobody', () =>
  withDir(dir => {
    run(dir, `calls.for('j-one', () => calls.entering('wait', die));`);
    expect(jobEntered(dir, 'v')).toBe('j-one');
    new LastCall(dir, 'v').close();
    expect(jobEntered(dir, 'v')).toBeUndefined();
  }));
