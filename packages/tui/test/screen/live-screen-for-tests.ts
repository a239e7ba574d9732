import {expect, vi} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import type {TerminalHandlers, TerminalOptions} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {Grid, canvasOn} from '../../src/screen/cells.ts';
import {openLiveScreen, type LiveScreenOptions, type LiveState} from '../../src/screen/live-screen.ts';
import {textOf} from '../../src/screen/screenshot.ts';

export const size = {columns: 20, rows: 5};
export const region = {left: 0, top: 0, ...size};

/** The server's side of one connection after the other. */
export class Server {
  readonly opened: {options: TerminalOptions; handlers: TerminalHandlers; said: string[]; end: PromiseWithResolvers<JobView>}[] = [];
  readonly open = (options: TerminalOptions, handlers: TerminalHandlers) => {
    const said: string[] = [];
    const end = Promise.withResolvers<JobView>();
    this.opened.push({options, handlers, said, end});
    return {
      ended: end.promise,
      has: undefined,
      type: (bytes: Uint8Array) => said.push(`type ${Buffer.from(bytes).toString('latin1')}`) > 0,
      resize: ({columns, rows}: {columns: number; rows: number}) => void said.push(`resize ${columns}x${rows}`),
      take: () => void said.push('take'),
      redraw: () => void said.push('redraw'),
      close: () => void (said.push('close'), end.reject(new BoxyardError('INTERRUPTED'))),
    };
  };
  get now() {
    return this.opened.at(-1)!;
  }
  /** Online, with a screen of `at` that shows `text`. */
  draw(text: string, {at = size, controls = false, mayType = true} = {}): void {
    const {handlers} = this.now;
    handlers.online();
    handlers.control({controls, mayType, size: at});
    handlers.screen(at);
    this.say(text);
  }
  say(text: string): void {
    this.now.handlers.bytes(Buffer.from(text), () => undefined);
  }
}

export function open(more: Partial<LiveScreenOptions> = {}) {
  const server = new Server();
  const states: LiveState[] = [];
  let changes = 0;
  const live = openLiveScreen(server.open, {
    job: 'j-1',
    size: region,
    isReadonly: true,
    scrollback: 5_000,
    onChange: () => void (changes += 1),
    onState: state => void states.push(state),
    ...more,
  });
  const text = (at = region) => {
    const grid = new Grid(at.columns, at.rows);
    live.paint(canvasOn(grid, at), at);
    return textOf(grid);
  };
  return {
    live,
    server,
    states,
    text,
    changes: () => changes,
    shows: (what: string | RegExp, at = region) => vi.waitFor(() => expect(text(at)).toMatch(what), 10_000),
    [Symbol.dispose]: () => live.close(),
  };
}
