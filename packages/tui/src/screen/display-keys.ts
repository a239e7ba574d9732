import type {RfbClient} from '@boxyard/core/rfb';
import type {InputEvent, MouseButton, MouseEvent} from './input-events.ts';
import {keysymOf, keysymsOf} from './keysyms.ts';

/** What a person asks of us, not of the desktop: the leader key, then one more. */
export type DisplayCommand = 'detach' | 'take' | 'zoom' | 'resize' | 'copy' | 'paste' | 'help' | 'left' | 'right' | 'up' | 'down';

const commands: Readonly<Record<string, DisplayCommand>> = {
  d: 'detach',
  t: 'take',
  z: 'zoom',
  r: 'resize',
  y: 'copy',
  p: 'paste',
  '?': 'help',
  left: 'left',
  right: 'right',
  up: 'up',
  down: 'down',
};

type Screen = Pick<RfbClient, 'key' | 'pointer' | 'paste'>;

/** Longer is no typing: it goes by the clipboard. */
const MOST_TYPED = 2_000;
const masks: Readonly<Record<MouseButton, number>> = {left: 1, middle: 2, right: 4, none: 0};
const WHEEL = {'wheel-up': 8, 'wheel-down': 16} as const;

export interface DisplayKeysOptions {
  /** `ctrl-q`. Twice sends it. */
  readonly leader: string;
  readonly command: (command: DisplayCommand) => void;
  /** Where the pointer is in the desktop; undefined beside it. */
  readonly pixelUnder: (column: number, row: number) => {readonly x: number; readonly y: number} | undefined;
  /** Why something was not done. */
  readonly say: (text: string) => void;
}

/** Makes keys and mouse of a terminal those of a desktop. A terminal tells no release of a key: each is let go of at once. */
export class DisplayKeys {
  readonly #options: DisplayKeysOptions;
  #isPending = false;
  #buttons = 0;
  /** The next paste is for the desktop's clipboard. */
  isForClipboard = false;

  constructor(options: DisplayKeysOptions) {
    this.#options = options;
  }

  /** Where `screen` is undefined only our own keys count. */
  take(event: InputEvent, screen: Screen | undefined): void {
    switch (event.type) {
      case 'key':
        return this.#key(event.key, screen);
      case 'text':
        return screen && this.#type(event.text, screen);
      case 'paste':
        return screen && this.#paste(event.text, screen);
      case 'mouse':
        return screen && this.#mouse(event, screen);
      default:
        return undefined;
    }
  }

  #key(key: string, screen: Screen | undefined): void {
    const {leader, command} = this.#options;
    const isLeader = key === leader;
    if (!this.#isPending && isLeader) return void (this.#isPending = true);
    const own = this.#isPending && !isLeader ? (commands[key] ?? commands[key.toLowerCase()]) : undefined;
    this.#isPending = false;
    if (own !== undefined) return command(own);
    const held = keysymsOf(key) ?? [];
    if (screen === undefined) return;
    for (const keysym of held) screen.key(keysym, true);
    for (const keysym of held.toReversed()) screen.key(keysym, false);
  }

  #type(text: string, screen: Screen): void {
    if (text.length > MOST_TYPED) return this.#options.say(`Too long to be typed: ${this.#options.leader} p, and paste it again.`);
    for (const character of text) {
      screen.key(keysymOf(character), true);
      screen.key(keysymOf(character), false);
    }
  }

  #paste(text: string, screen: Screen): void {
    if (!this.isForClipboard) return this.#type(text, screen);
    this.isForClipboard = false;
    screen.paste(text);
    this.#options.say('It is in the desktop’s clipboard.');
  }

  #mouse({action, button, column, row}: MouseEvent, screen: Screen): void {
    const at = this.#options.pixelUnder(column, row);
    if (at === undefined) {
      // What was pressed inside is let go of wherever the hand is.
      if (action === 'release') this.#buttons = 0;
      return;
    }
    const {x, y} = at;
    if (action === 'wheel-up' || action === 'wheel-down') {
      screen.pointer(x, y, this.#buttons | WHEEL[action]);
      return screen.pointer(x, y, this.#buttons);
    }
    if (action === 'press') {
      screen.pointer(x, y, this.#buttons);
      this.#buttons |= masks[button];
    } else if (action === 'release') this.#buttons &= ~masks[button];
    screen.pointer(x, y, this.#buttons);
  }
}
