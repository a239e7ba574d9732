import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import pty from '@lydell/node-pty';
import {expect, test} from 'vitest';
import {enterText, openTerminal, restoreText} from '../../src/screen/modes.ts';
import {createTtyIn} from '../../src/screen/tty-in.ts';
import {createTtyOut} from '../../src/screen/tty-out.ts';
import {openHarness} from './tui-harness.ts';

const modes = join(import.meta.dirname, '../../src/screen/modes.ts');
const program = (end: string) => `
  import {openTerminal} from ${JSON.stringify(modes)};
  const terminal = openTerminal({stdin: process.stdin, mouse: true, writeInTurn: text => process.stdout.write(text), onFailure: error => { console.log('said', error.message); process.exitCode = 1; clearInterval(alive); }});
  process.stdin.setRawMode?.(true);
  const alive = setInterval(() => undefined, 1000);
  process.on('SIGTERM', () => { terminal.close(); process.exit(143); });
  ${end}`;

/** What the terminal was given by a program of its own. */
async function run(end: string, kill?: NodeJS.Signals): Promise<string> {
  const child = pty.spawn(process.execPath, ['--input-type=module', '-e', program(end)], {name: 'xterm-256color', cols: 80, rows: 24});
  let text = '';
  let isKilled = false;
  child.onData(data => {
    text += data;
    if (kill !== undefined && !isKilled && text.includes('ready')) {
      isKilled = true;
      child.kill(kill);
    }
  });
  await new Promise<void>(resolve => child.onExit(() => resolve()));
  return text;
}

test.each([
  ['closing twice', 'terminal.close(); terminal.close(); clearInterval(alive);', undefined],
  ['ending the process', 'process.exit(0);', undefined],
  ['an error nobody catches', "setTimeout(() => { throw new Error('boom'); });", undefined],
  ['a promise nobody catches', "void Promise.reject(new Error('boom'));", undefined],
  ['a signal', "console.log('ready');", 'SIGTERM' as const],
])('%s gives the terminal back, once', async (_, end, kill) => {
  const text = await run(end, kill);
  expect(text.startsWith(enterText({mouse: true}))).toBe(true);
  expect(text.split(restoreText)).toHaveLength(2);
  if (end.includes('boom')) expect(text).toMatch(/\u001b\[23;0tsaid boom/);
});

test('a terminal that is gone does not keep the program', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program('process.exit(0);')], {stdio: ['ignore', 'pipe', 'inherit']});
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('every mode that is entered is left', () => {
  const entered = [...enterText({mouse: true}).matchAll(/\u001b\[\?([\d;]+)h/g)].flatMap(([, list]) => list!.split(';'));
  for (const mode of entered) expect(restoreText).toContain(`\u001b[?${mode}l`);
  expect(restoreText).toContain('\u001b[?7h');
  expect(restoreText).toContain('\u001b[?25h');
});

test('suspended, another program has the terminal as it was; resumed, all is drawn again', async () => {
  using harness = openHarness({columns: 20, rows: 4});
  const terminal = openTerminal({
    stdin: harness.stdin,
    mouse: false,
    write: harness.writeNow,
    writeInTurn: harness.writeNow,
    onFailure: error => expect.fail(String(error)),
  });
  const input = createTtyIn({stdin: harness.stdin, onInput: () => undefined});
  const out = createTtyOut({stdout: harness.stdout, env: {}, colours: '16'});
  out.ink.write('one\ntwo');
  await harness.shows('one\ntwo');
  terminal.suspend(out, input);
  expect(harness.isRaw()).toBe(false);
  harness.writeNow('$ vi\r\n');
  expect(await harness.lines()).toEqual(['$ vi', '', '', '']);
  expect(harness.terminal.modes.bracketedPasteMode).toBe(false);
  terminal.resume(out, input);
  await harness.shows('one\ntwo');
  expect(harness.isRaw()).toBe(true);
  terminal.setMouse(true);
  expect((await harness.lines()).length).toBe(4);
  expect(harness.terminal.modes.mouseTrackingMode).toBe('drag');
  input.close();
  out.close();
  terminal.close();
  terminal.close();
  expect(await harness.lines()).toEqual(['$ vi', '', '', '']);
  expect(harness.terminal.modes.mouseTrackingMode).toBe('none');
});
