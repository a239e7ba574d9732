import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import type {PortHandlers} from '../packages/core/src/services.ts';
import {startTestDoor} from '../packages/core/test/door-for-tests.ts';
import {Chromium, hasChromium, type Tab} from './chromium.ts';
import {waitFor} from './up.ts';

let chromium: Chromium | undefined;
beforeAll(async () => {
  if (hasChromium) chromium = await Chromium.open();
});
afterAll(() => chromium?.[Symbol.asyncDispose]());

const evil = '<img src=x onerror="window.executed=true"><script>window.executed=true</script>\u001b]0;title\u0007';

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const pixelFormat = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
/** Up to its greeting as a VNC server has it: 64 × 48, without a password, by this name. */
const opening = (name: string) => [
  Buffer.from('RFB 003.008\n'),
  Buffer.from([1, 1]),
  Buffer.alloc(4),
  Buffer.concat([Buffer.from([0, 64, 0, 48]), pixelFormat, u32(Buffer.byteLength(name)), Buffer.from(name)]),
];
const clipboard = (length: number, ...bytes: readonly Buffer[]) => Buffer.concat([Buffer.from([3, 0, 0, 0]), u32(length), ...bytes]);

interface Scene {
  readonly tab: Tab;
  /** Bytes that the page took. */
  readonly taken: () => number;
}

/** A page of a real server, which looks at a display whose every byte is the test's, at the pace the page allows. */
async function look(bytes: Iterable<Buffer>): Promise<Scene> {
  const door = await startTestDoor();
  onTestFinished(() => door[Symbol.asyncDispose]());
  const {id} = door.services.addSession(door.tenant);
  door.services.change(id, {kind: 'display', devbox: {id: 'd-1', name: evil}} as never);
  let taken = 0;
  const view = (_worker: string, _of: object, handlers: PortHandlers) => {
    const source = bytes[Symbol.iterator]();
    let allowed = 0;
    let rest: Buffer = Buffer.alloc(0);
    const push = () => {
      while (allowed > 0) {
        if (rest.length === 0) rest = source.next().value ?? Buffer.alloc(0);
        if (rest.length === 0) return;
        const part = rest.subarray(0, Math.min(allowed, 65_536));
        rest = rest.subarray(part.length);
        allowed -= part.length;
        taken += part.length;
        handlers.data(part);
      }
    };
    queueMicrotask(() => {
      handlers.opened();
      allowed = 262_144;
      push();
    });
    return {
      data: () => undefined,
      credit: (more: number) => {
        allowed += more;
        push();
      },
      end: () => undefined,
      close: () => (allowed = -Infinity),
    };
  };
  Object.assign(door.services.displays, {view});
  const {path} = await door.client().jobsDisplayTicket({job: id, body: {}});
  const tab = await chromium!.visit(door.url + path);
  return {tab, taken: () => taken};
}

const heapOf = async (tab: Tab): Promise<number> => {
  await tab.ask('HeapProfiler.collectGarbage');
  const {metrics} = await tab.ask<{metrics: {name: string; value: number}[]}>('Performance.getMetrics');
  return metrics.find(each => each.name === 'JSHeapUsedSize')!.value;
};

test.runIf(hasChromium)('names and clipboards of strangers are text on the page, and nothing of them is run', async () => {
  const {tab} = await look([...opening(evil), clipboard(evil.length, Buffer.from(evil, 'latin1'))]);
  await tab.shows(/You control it/);
  await waitFor(() => tab.evaluate('document.querySelector("#copied").value.length > 0'), {within: 10_000, what: 'the clipboard is there'});
  expect(await tab.evaluate('document.querySelector("#copied").value')).toBe(evil);
  for (const id of ['desktop', 'devbox']) expect(await tab.evaluate(`document.querySelector("#${id}").textContent`)).toBe(evil);
  expect(await tab.evaluate('document.querySelectorAll("img, body script").length')).toBe(0);
  expect(await tab.evaluate('[window.executed, window.forbidden.length]')).toEqual([false, 0]);
  expect(tab.complaints).toEqual([]);
});

test.runIf(hasChromium)('a clipboard of 100 MB ends the look before it is kept, in each of its two forms', async () => {
  for (const length of [100_000_000, -100_000_000]) {
    const flood = function* () {
      yield* opening('flood');
      yield clipboard(length);
      for (let sent = 0; sent < 100_000_000; sent += 65_536) yield Buffer.alloc(65_536, 'x');
    };
    const {tab, taken} = await look(flood());
    await tab.ask('Performance.enable');
    await tab.shows(/a clipboard of 100000000 bytes/);
    expect(taken()).toBeLessThan(2_000_000);
    expect(await heapOf(tab)).toBeLessThan(64_000_000);
    expect(tab.complaints).toEqual([]);
  }
});

test.runIf(hasChromium)('a clipboard that is long, and taken, is shown in part', async () => {
  const {tab} = await look([...opening('long'), clipboard(500_000, Buffer.alloc(500_000, 'x'))]);
  await tab.shows(/only the first 65536 letters/);
  expect(await tab.evaluate('document.querySelector("#copied").value.length')).toBe(65_536);
});

test.runIf(hasChromium).each([
  ['another protocol', [Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')]],
  ['a question for a password', [Buffer.from('RFB 003.008\n'), Buffer.from([1, 2]), Buffer.alloc(16, 7)]],
  ['a message of no kind', [...opening('x'), Buffer.alloc(64, 77)]],
  ['a rectangle of no encoding', [...opening('x'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 99])]],
  [
    'a screen of four thousand million pixels',
    [...opening('x'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 33])],
  ],
  [
    'compressed bytes that are none',
    [...opening('x'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 9, 0, 9, 0, 0, 0, 16, 0, 0, 0, 4]), Buffer.from('nope')],
  ],
])('%s is told of, and the page stands', async (_what, bytes) => {
  const {tab} = await look(bytes);
  const said = await tab.shows(/The display sent|display is over|not shown/);
  expect(said).toContain('--browser');
  expect(await tab.evaluate('[window.executed, window.forbidden.length]')).toEqual([false, 0]);
});
