import fc from 'fast-check';
import {afterEach, expect, test, vi} from 'vitest';
import type {InputEvent} from '../../src/screen/input-events.ts';
import {createTtyIn} from '../../src/screen/tty-in.ts';
import {openHarness} from './tui-harness.ts';

function open() {
  const harness = openHarness({columns: 80, rows: 24});
  const events: InputEvent[] = [];
  const gone: true[] = [];
  const input = createTtyIn({stdin: harness.stdin, onInput: event => void events.push(event), onGone: () => void gone.push(true)});
  const settled = async () => {
    await new Promise(resolve => setImmediate(resolve));
    await new Promise(resolve => setImmediate(resolve));
  };
  return {
    harness,
    input,
    events,
    gone,
    keys: () => events.map(event => (event.type === 'key' ? event.key : event)),
    async type(...chunks: readonly string[]) {
      for (const chunk of chunks) {
        // As bytes: the cut may be within a character.
        harness.stdin.push(Buffer.from(chunk, 'latin1'));
        await settled();
      }
    },
    [Symbol.dispose]() {
      input.close();
      harness[Symbol.dispose]();
    },
  };
}
/** Nothing is late, however busy the machine is. */
const withoutLateness = () => void vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
afterEach(() => void vi.useRealTimers());

const bytes = (text: string) => Buffer.from(text).toString('latin1');

test.each([
  ['jk G', ['j', 'k', ' ', 'G']],
  ['\r\n\r\t\u007f\b', ['enter', 'enter', 'tab', 'backspace', 'backspace']],
  ['\u0003\u0011\u001c\u0000', ['ctrl-c', 'ctrl-q', 'ctrl-\\', 'ctrl-space']],
  ['\u001b[A\u001b[B\u001b[C\u001b[D', ['up', 'down', 'right', 'left']],
  ['\u001bOA\u001bOH\u001bOF\u001bOP', ['up', 'home', 'end', 'f1']],
  [
    '\u001b[H\u001b[F\u001b[1~\u001b[4~\u001b[3~\u001b[5~\u001b[6~\u001b[2~',
    ['home', 'end', 'home', 'end', 'delete', 'page-up', 'page-down', 'insert'],
  ],
  ['\u001b[Z\u001b[1;5A\u001b[1;2C\u001b[3;3~\u001b[1;8H', ['shift-tab', 'ctrl-up', 'shift-right', 'alt-delete', 'ctrl-alt-shift-home']],
  ['\u001bx\u001b\r\u001b\u0001', ['alt-x', 'alt-enter', 'ctrl-alt-a']],
  ['\u001b\u001b[A', ['escape', 'up']],
  ['\u001b[97u\u001b[97;5u\u001b[97;3u\u001b[97;2u\u001b[97:65;2u\u001b[97;1:3u', ['a', 'ctrl-a', 'alt-a', 'A', 'A']],
  [
    '\u001b[27u\u001b[13u\u001b[9;2u\u001b[127;5u\u001b[57399u\u001b[57358u\u001b[57419u',
    ['escape', 'enter', 'shift-tab', 'ctrl-backspace', '0', 'up'],
  ],
  ['\u001b[1;1:3A\u001b[1;5:2A', ['ctrl-up']],
  ['\u001b[27;5;113~', ['ctrl-q']],
  ['\u001b[[A\u001b[200;1Q', ['f2']],
  ['é日', ['é', '日']],
])('%j is %j', async (typed, keys) => {
  using opened = open();
  await opened.type(bytes(typed));
  expect(opened.keys()).toEqual(keys);
});

test('a lone ESC is a key after a moment, and with what follows at once another', async () => {
  withoutLateness();
  using opened = open();
  await opened.type('\u001b');
  vi.advanceTimersByTime(20);
  expect(opened.events).toEqual([]);
  vi.advanceTimersByTime(10);
  expect(opened.keys()).toEqual(['escape']);
  await opened.type('\u001b', '[A', '\u001b[');
  vi.advanceTimersByTime(30);
  expect(opened.keys()).toEqual(['escape', 'up', 'alt-[']);
});

const said = [
  'a',
  bytes('日'),
  bytes('🔴'),
  '\u001b[A',
  '\u001b[1;5C',
  '\u001bOB',
  '\u001b[<0;3;4M',
  '\u001b[<0;3;4m',
  '\u001b[<64;3;4M',
  '\u001b[I',
  '\u001b[O',
  '\u001b[?62;4c',
  '\u001b]11;rgb:1e1e/1e1e/1e1e\u001b\\',
  '\u001bP>|kitty(0.36)\u001b\\',
  '\u001b[?2026;2$y',
  '\u001b[200~j\u001b[A\u001b[<0;1;1Mk\u001b[201~',
  '\u001bx',
  '\r',
];

test('any cut of what is typed gives the same', async () => {
  withoutLateness();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...said), {minLength: 1, maxLength: 8}),
      fc.infiniteStream(fc.integer({min: 1, max: 5})),
      async (list, sizes) => {
        const all = list.join('');
        const whole = open();
        await whole.type(all);
        const cut = open();
        for (let at = 0; at < all.length;) {
          const size = sizes.next().value as number;
          await cut.type(all.slice(at, at + size));
          at += size;
        }
        expect(cut.events).toEqual(whole.events);
        whole[Symbol.dispose]();
        cut[Symbol.dispose]();
      },
    ),
    {numRuns: 150},
  );
});

test('the mouse is told in cells, and none of its bytes is a key', async () => {
  withoutLateness();
  using opened = open();
  await opened.type(
    '\u001b[<0;5;3M',
    '\u001b[<3',
    '2;6;3M\u001b[<0;6;3m',
    '\u001b[<35;7;7M',
    '\u001b[<64;1;1M\u001b[<81;1;1M\u001b[<66;1;1M',
    '\u001b[M !!',
    '\u001b[<2;9',
  );
  await opened.type(';9M\u001b[35;1;1M');
  const plain = {type: 'mouse', shift: false, alt: false, ctrl: false};
  expect(opened.events).toEqual([
    {...plain, action: 'press', button: 'left', column: 4, row: 2},
    {...plain, action: 'drag', button: 'left', column: 5, row: 2},
    {...plain, action: 'release', button: 'left', column: 5, row: 2},
    {...plain, action: 'wheel-up', button: 'none', column: 0, row: 0},
    {...plain, action: 'wheel-down', button: 'none', column: 0, row: 0, ctrl: true},
    {...plain, action: 'press', button: 'right', column: 8, row: 8},
  ]);
});

test('a paste is one event, harmless, its end marks and keys within included', async () => {
  withoutLateness();
  using opened = open();
  await opened.type('x\u001b[20', `0~${bytes('one\r\ntwo\rdrei é')}\u001b[31mred\u0003\u001b[<0;1;1M`, '\u001b[20', '1~y');
  expect(opened.keys()).toEqual(['x', {type: 'paste', text: 'one\ntwo\ndrei éred'}, 'y']);
});

test('a paste without end is cut at a mebibyte and ends by itself', async () => {
  using opened = open();
  await opened.type('\u001b[200~', 'a'.repeat(700_000), 'b'.repeat(700_000));
  await vi.waitFor(() => expect(opened.events).toHaveLength(1), 3_000);
  expect((opened.events[0] as {text: string}).text).toHaveLength(1024 * 1024);
  await opened.type('j');
  expect(opened.keys()[1]).toBe('j');
});

test('so much at once that nobody typed it is text, and no keys', async () => {
  using opened = open();
  await opened.type('d'.repeat(2_000), bytes('👩🏽‍💻'));
  expect(opened.events).toEqual([
    {type: 'text', text: 'd'.repeat(2_000)},
    {type: 'text', text: '👩🏽‍💻'},
  ]);
});

test('captured, every byte goes on as it was typed, but what the terminal says by itself', async () => {
  using opened = open();
  const caught: Buffer[] = [];
  opened.input.capture(some => void caught.push(some));
  const typed = 'ls -l\r\u001b[A\u001bOA\u0003\u0011d\u001bx\u001b[200~a\u001b[Ib\u001b[201~' + bytes('é日');
  await opened.type(typed, '\u001b[<0;1;1M\u001b[I\u001b[?1;2c\u001b[?2026;0$y', 'x');
  expect(Buffer.concat(caught).toString('latin1')).toBe(`${typed}x`);
  expect(opened.events.map(event => event.type)).toEqual(['mouse', 'focus', 'reply', 'reply']);
  await opened.type('\u001b');
  await vi.waitFor(() => expect(Buffer.concat(caught).toString('latin1')).toBe(`${typed}x\u001b`), 10_000);
  opened.input.capture(undefined);
  await opened.type('q');
  expect(opened.keys().at(-1)).toBe('q');
});

test('a probe tells what the terminal answers and keeps keys that were typed meanwhile', async () => {
  using opened = open();
  const asked: string[] = [];
  const probing = opened.input.probe(text => void asked.push(text), 5_000);
  await opened.type(
    'j\u001bP>|kitty(0.36.1)\u001b\\\u001b[6;18;9t\u001b[?2026;2$y',
    '\u001b]11;rgb:fafa/fafa/fafa\u0007\u001b[?0u\u001b[?62;4;22ck',
  );
  expect(await probing).toEqual({
    isAnswered: true,
    isSynchronized: true,
    background: 'light',
    hasKittyKeyboard: true,
    cell: {width: 9, height: 18},
    name: 'kitty(0.36.1)',
    hasSixel: true,
    hasKittyGraphics: false,
  });
  expect(asked).toHaveLength(1);
  expect(asked[0]!.endsWith('\u001b[c')).toBe(true);
  expect(opened.keys()).toEqual(['j', 'k']);
});

test('a terminal that answers nothing is not waited for, and its late answers are no keys', async () => {
  using opened = open();
  const started = performance.now();
  expect(await opened.input.probe(() => undefined, 50)).toMatchObject({isAnswered: false, hasKittyKeyboard: false, hasSixel: false});
  expect(performance.now() - started).toBeLessThan(2_000);
  await opened.type('\u001b]11;rgb:0/0/0\u001b\\\u001b[?62c', '\u001b[?2026;2', '$yj');
  expect(opened.keys().filter(key => typeof key === 'string')).toEqual(['j']);
});

test('a real emulator answers', async () => {
  using opened = open();
  const probed = await opened.input.probe(opened.harness.writeNow, 5_000);
  expect(probed).toMatchObject({isAnswered: true});
  expect(opened.keys().filter(key => typeof key === 'string')).toEqual([]);
});

test('it takes the keyboard, lends it, and gives it back', async () => {
  using opened = open();
  expect(opened.harness.isRaw()).toBe(true);
  opened.input.suspend();
  expect(opened.harness.isRaw()).toBe(false);
  expect(opened.harness.stdin.listenerCount('data')).toBe(0);
  opened.input.resume();
  await opened.type('j');
  expect(opened.keys()).toEqual(['j']);
  opened.input.close();
  opened.input.close();
  expect(opened.harness.isRaw()).toBe(false);
});

test('a terminal that hangs up is told once, and is no failure', async () => {
  using opened = open();
  opened.harness.stdin.emit('error', new Error('EIO'));
  opened.harness.stdin.push(null);
  await opened.type();
  await vi.waitFor(() => expect(opened.gone).toEqual([true]), 10_000);
});
