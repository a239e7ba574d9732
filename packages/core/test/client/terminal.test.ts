import {afterAll, beforeAll, expect, test} from 'vitest';
import type {TerminalClient, TerminalHandlers} from '../../src/client/index.ts';
import type {TerminalSize} from '../../src/protocol/index.ts';
import {codeOf, startTestDoor, type TestDoor} from '../door-for-tests.ts';
import type {OpenedTerminal} from '../memory-services.ts';
import {waitFor} from '../redis-for-tests.ts';

const size = {columns: 80, rows: 24};

let door: TestDoor;
beforeAll(async () => void (door = await startTestDoor()));
afterAll(() => door?.[Symbol.asyncDispose]());

/** What a client's handlers were told, as one text: `[WxH]` where a screen begins. */
class Shown implements TerminalHandlers {
  text = '';
  breaks: unknown[] = [];
  isOnline = false;
  controls = false;
  screen({columns, rows}: TerminalSize): void {
    this.text += `[${columns}x${rows}]`;
  }
  bytes(bytes: Uint8Array, shown: () => void): void {
    this.text += Buffer.from(bytes).toString();
    shown();
  }
  control({controls}: {controls: boolean}): void {
    this.controls = controls;
  }
  job(): void {
    // Not asked about here.
  }
  online(): void {
    this.isOnline = true;
  }
  offline(error: unknown): void {
    this.isOnline = false;
    this.breaks.push(error);
  }
}

interface Scene {
  readonly shown: Shown;
  readonly terminal: TerminalClient;
  readonly job: string;
  /** The worker's side of the newest connection, once it has been opened and answered. */
  opened(input?: number): Promise<OpenedTerminal>;
}

function scene(): Scene {
  const shown = new Shown();
  const job = door.services.addSession(door.tenant).id;
  const terminal = door.client().terminal({job, size}, shown);
  let seen = 0;
  return {
    shown,
    terminal,
    job,
    async opened(input = 0) {
      const worker = await waitFor(() => door.services.openedTerminals.filter(each => each.request.job === job)[seen]);
      seen += 1;
      worker.handlers.answer({type: 'terminal.opened', stream: 1, input, controls: true, ...size});
      await waitFor(() => shown.isOnline && asked(worker) > 0);
      return worker;
    },
  };
}

const asked = (worker: OpenedTerminal) =>
  worker.said.reduce((sum, each) => sum + (each.type === 'stream.credit' ? each.bytes : 0), worker.request.credit);
const data = (worker: OpenedTerminal, offset: number, text: string) => worker.handlers.data({stream: 1, offset, bytes: Buffer.from(text)});
const screen = (worker: OpenedTerminal, at: number, bytes: number, output: number) =>
  worker.handlers.answer({type: 'terminal.screen', stream: 1, at, bytes, output, ...size});
const typed = (worker: OpenedTerminal) =>
  worker.said.flatMap(each => (each.type === 'terminal.input' ? [[each.offset, Buffer.from(each.data, 'base64').toString()]] : []));

test('a screen that is drawn anew before it was whole begins at its first byte', async () => {
  const {shown, opened} = scene();
  const worker = await opened();
  screen(worker, 0, 100, 500);
  data(worker, 0, 'half');
  screen(worker, 4, 5, 600);
  data(worker, 4, 'whole');
  data(worker, 9, ' more');
  await waitFor(() => shown.text === '[80x24]half[80x24]whole more');
  worker.handlers.end({error: {code: 'WORKER_OFFLINE', message: 'away'}});
  const again = await opened();
  expect(again.request.has).toBe(605);
});

test('after a break the client says what it shows, but not half a screen, and types again what was not taken', async () => {
  const {shown, terminal, opened} = scene();
  const worker = await opened();
  terminal.type(Buffer.from('abc'));
  screen(worker, 0, 2, 10);
  data(worker, 0, 'xy');
  screen(worker, 2, 50, 20);
  data(worker, 2, 'z');
  await waitFor(() => typed(worker).length === 1 && shown.text.endsWith('z'));
  worker.handlers.answer({type: 'terminal.took', stream: 1, input: 1});
  worker.handlers.end({error: {code: 'WORKER_OFFLINE', message: 'away'}});
  terminal.type(Buffer.from('de'));
  const again = await opened(2);
  expect([again.request.has, again.request.viewer]).toEqual([undefined, worker.request.viewer]);
  await waitFor(() => typed(again).length === 1);
  expect(typed(again)).toEqual([[2, 'cde']]);
});

test('while the worker is away one connection waits for it, with what was typed meanwhile', async () => {
  const {shown, terminal, job, opened} = scene();
  const worker = await opened();
  screen(worker, 0, 2, 10);
  data(worker, 0, 'xy');
  await waitFor(() => shown.text.endsWith('xy'));
  door.services.away.add(job);
  worker.handlers.end({error: {code: 'WORKER_OFFLINE', message: 'away'}});
  await waitFor(() => shown.breaks.length === 2);
  expect(shown.breaks.map(error => (error as {code: string}).code)).toEqual(['WORKER_OFFLINE', 'WORKER_OFFLINE']);
  terminal.type(Buffer.from('ab'));
  door.services.away.delete(job);
  const again = await opened();
  expect(again.request.has).toBe(10);
  await waitFor(() => typed(again).length === 1);
  expect(typed(again)).toEqual([[0, 'ab']]);
  expect(shown.breaks.length).toBe(2);
});

test.each([
  ['announces screens in the past', (worker: OpenedTerminal) => (data(worker, 0, 'ten bytes!'), screen(worker, 3, 5, 0))],
  ['announces screens far ahead', (worker: OpenedTerminal) => screen(worker, 1e9, 5, 0)],
  ['sends bytes twice', (worker: OpenedTerminal) => (data(worker, 0, 'ab'), data(worker, 0, 'ab'))],
  ['sends more than it was asked for', (worker: OpenedTerminal) => data(worker, 0, 'x'.repeat(1_100_000))],
  [
    'draws without end',
    (worker: OpenedTerminal) => (screen(worker, 0, Number.MAX_SAFE_INTEGER, 0), data(worker, 0, 'a'), data(worker, 5, 'a')),
  ],
])('a worker that %s is left and looked at again', async (_what, lie) => {
  const {shown, terminal, opened} = scene();
  lie(await opened());
  await waitFor(() => shown.breaks.length > 0);
  const again = await opened();
  screen(again, 0, 5, 0);
  data(again, 0, 'right');
  await waitFor(() => shown.text.endsWith('[80x24]right'));
  terminal.close();
  expect(await codeOf(terminal.ended)).toBe('INTERRUPTED');
});

test('what echoes is not acknowledged key by key, and what floods is before the worker has to wait', async () => {
  const {shown, opened} = scene();
  const worker = await opened();
  const words = worker.said.length;
  for (let at = 0; at < 100; at += 1) data(worker, at, 'e');
  await waitFor(() => shown.text.length === 100);
  expect(worker.said.length).toBe(words);
  const before = asked(worker);
  for (let at = 100; at < 200_100; at += 20_000) data(worker, at, 'f'.repeat(20_000));
  await waitFor(() => asked(worker) > before + 100_000);
  const given = asked(worker);
  expect(given).toBeLessThanOrEqual(1024 * 1024 + 200_100);
});

test('a terminal whose job is over by the time anybody looks ends with it', async () => {
  const {terminal, opened, job} = scene();
  const worker = await opened();
  door.services.end(job);
  data(worker, 0, 'last words');
  worker.handlers.end({length: 10});
  expect((await terminal.ended).exit).toEqual({code: 0});
});
