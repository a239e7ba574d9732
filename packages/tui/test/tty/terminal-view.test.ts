import {PassThrough} from 'node:stream';
import {expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import type {TerminalClient} from '@boxyard/core/client';
import {Picture} from '../../src/tty/picture.ts';
import {viewTerminal} from '../../src/tty/terminal-view.ts';

/** A view of a session that has ended with so much output, of which the viewer was given so much. */
async function view(said: string, has: number | undefined): Promise<{shown: string; asked: number[]}> {
  const stdout = Object.assign(new PassThrough(), {columns: 80, rows: 24});
  const stdin = new PassThrough();
  const asked: number[] = [];
  const job = {id: 'j-1', state: 'ended', logEnd: {stdout: said.length, stderr: 0, log: 0}} as unknown as JobView;
  const client: TerminalClient = {
    ended: Promise.resolve(job),
    has,
    type: () => true,
    resize: () => undefined,
    take: () => undefined,
    redraw: () => undefined,
    close: () => undefined,
  };
  const left = await viewTerminal({
    local: {stdin, stdout},
    job: 'j-1',
    leader: 'ctrl-q',
    isReadonly: false,
    Picture,
    open: () => client,
    output: async function* (from) {
      asked.push(from);
      yield Buffer.from(said.slice(from));
    },
  });
  expect(left).toEqual({how: 'ended', job});
  return {shown: String(stdout.read() ?? ''), asked};
}

test('what a command said that had ended before anybody looked is shown, its questions to the terminal are not', async () => {
  const {shown, asked} = await view('no such program\u001b[6n\u001b]52;c;AAAA\u0007\r\n', undefined);
  expect(asked).toEqual([0]);
  expect(shown).toContain('no such program\r\n');
  expect(shown).not.toMatch(/\[6n|52;c/);
});

test('what it said in a break is shown, and what was shown before is not shown again', async () => {
  const {shown, asked} = await view('before, and after', 7);
  expect([asked, shown.includes(' and after'), shown.includes('before')]).toEqual([[7], true, false]);
  expect((await view('all of it', 9)).asked).toEqual([]);
});

test('of much output the end is shown', async () => {
  expect((await view('x'.repeat(100_000), undefined)).asked).toEqual([100_000 - 64 * 1024]);
});
