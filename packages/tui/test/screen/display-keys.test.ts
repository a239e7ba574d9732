import {expect, test} from 'vitest';
import {DisplayKeys} from '../../src/screen/display-keys.ts';
import type {InputEvent, MouseEvent} from '../../src/screen/input-events.ts';
import {keysymsOf} from '../../src/screen/keysyms.ts';

function keys() {
  const heard: string[] = [];
  const screen = {
    key: (keysym: number, isDown: boolean) => void heard.push(`${isDown ? '+' : '-'}${keysym.toString(16)}`),
    pointer: (x: number, y: number, buttons: number) => void heard.push(`${x},${y}:${buttons}`),
    paste: (text: string) => void heard.push(`clipboard ${text}`),
  };
  const own = new DisplayKeys({
    leader: 'ctrl-q',
    command: command => {
      if (command === 'paste') own.isForClipboard = true;
      heard.push(`command ${command}`);
    },
    pixelUnder: (column, row) => (column < 10 ? {x: column * 10, y: row * 20} : undefined),
    say: text => void heard.push(`said ${text}`),
  });
  const take = (...events: readonly (InputEvent | string)[]) => {
    for (const event of events) own.take(typeof event === 'string' ? {type: 'key', key: event} : event, screen);
    return heard.splice(0).join(' ');
  };
  return {own, take};
}

const mouse = (action: MouseEvent['action'], column: number, row: number, button: MouseEvent['button'] = 'left'): MouseEvent => ({
  type: 'mouse',
  action,
  button,
  column,
  row,
  shift: false,
  alt: false,
  ctrl: false,
});

test.each([
  ['a', [0x61]],
  ['A', [0x41]],
  ['é', [0xe9]],
  ['€', [0x0100_20ac]],
  ['ctrl-c', [0xffe3, 0x63]],
  ['ctrl-alt-delete', [0xffe3, 0xffe9, 0xffff]],
  ['shift-up', [0xffe1, 0xff52]],
  ['ctrl-space', [0xffe3, 0x20]],
  ['-', [0x2d]],
  ['ctrl--', [0xffe3, 0x2d]],
  ['f12', [0xffc9]],
  ['no-such-key', undefined],
])('the key %s is %j to X', (key, keysyms) => {
  expect(keysymsOf(key)).toEqual(keysyms);
});

test('a key is held and let go of, with what is held beside it', () => {
  expect(keys().take('ctrl-c')).toBe('+ffe3 +63 -63 -ffe3');
});

test('the leader is ours: a command behind it, itself behind itself, and no other key is lost', () => {
  const {take} = keys();
  expect(take('ctrl-q', 'd')).toBe('command detach');
  expect(take('ctrl-q', 'ctrl-q')).toBe('+ffe3 +71 -71 -ffe3');
  expect(take('ctrl-q', 'x')).toBe('+78 -78');
});

test('the mouse is where its cell is; a button that is held and let go of beside the desktop is not held on', () => {
  const {take} = keys();
  expect(take(mouse('press', 1, 2), mouse('drag', 3, 2), mouse('release', 3, 2))).toBe('10,40:0 10,40:1 30,40:1 30,40:0');
  expect(take(mouse('press', 1, 1, 'right'), mouse('release', 50, 1, 'right'), mouse('press', 2, 1))).toBe(
    '10,20:0 10,20:4 20,20:0 20,20:1',
  );
  expect(take(mouse('release', 2, 1), mouse('wheel-down', 2, 1, 'none'))).toBe('20,20:0 20,20:16 20,20:0');
});

test('a paste is typed; for the clipboard it goes there, once, and what is too long to be typed is not', () => {
  const {take} = keys();
  expect(take({type: 'paste', text: 'a\n'})).toBe('+61 -61 +ff0d -ff0d');
  expect(take('ctrl-q', 'p', {type: 'paste', text: 'ab'}, {type: 'paste', text: 'c'})).toBe(
    'command paste clipboard ab said It is in the desktop’s clipboard. +63 -63',
  );
  expect(take({type: 'paste', text: 'x'.repeat(3_000)})).toMatch(/^said Too long/);
});

test('who does not control types nothing, and still has the leader', () => {
  const {own} = keys();
  expect(() => own.take({type: 'key', key: 'a'}, undefined)).not.toThrow();
  own.take({type: 'key', key: 'ctrl-q'}, undefined);
  own.take({type: 'key', key: '?'}, undefined);
});
