import headless, {type Terminal as Screen} from '@xterm/headless';
import type {JobView} from '@boxyard/core/api';
import {createClient, type Client, type TerminalClient, type TerminalHandlers, type TerminalOptions} from '@boxyard/core/client';
import type {TerminalSize} from '@boxyard/core/protocol';
import {waitFor} from './wait-for.ts';

export const clientOf = ({url, token}: {readonly url: URL | string; readonly token: string | undefined}): Client =>
  createClient({server: new URL(url).href, token: token!});

export interface ViewerOptions extends Partial<Omit<TerminalOptions, 'job'>> {
  /** Never says that bytes were shown. */
  readonly isStuck?: boolean;
  /** Has no screen: throws away what comes. */
  readonly isBlind?: boolean;
}

/** Somebody who looks on through the product's client, with a whole terminal of their own, which answers as terminals do. */
export class Viewer implements Disposable, TerminalHandlers {
  readonly terminal: TerminalClient;
  readonly #isStuck: boolean;
  readonly #isBlind: boolean;
  #screen: Screen;
  #control: Parameters<TerminalHandlers['control']>[0] | undefined;
  /** Redraws, connections lost, and bytes. */
  redraws = 0;
  breaks = 0;
  received = 0;
  isOnline = false;

  constructor(client: Client, job: string, options: ViewerOptions = {}) {
    const size = options.size ?? {columns: 80, rows: 24};
    this.#isStuck = options.isStuck === true;
    this.#isBlind = options.isBlind === true;
    this.#screen = this.#open(size);
    this.terminal = client.terminal({job, ...options, size}, this);
  }

  get controls(): boolean {
    return this.#control?.controls === true;
  }

  get mayType(): boolean {
    return this.#control?.mayType === true;
  }

  get size(): TerminalSize {
    return {columns: this.#screen.cols, rows: this.#screen.rows};
  }

  get ended(): Promise<JobView> {
    return this.terminal.ended;
  }

  screen(size: TerminalSize): void {
    this.redraws += 1;
    this.#screen.dispose();
    this.#screen = this.#open(size);
  }

  bytes(bytes: Uint8Array, shown: () => void): void {
    this.received += bytes.length;
    if (this.#isStuck) return;
    if (this.#isBlind) shown();
    else this.#screen.write(bytes, shown);
  }

  control(state: Parameters<TerminalHandlers['control']>[0]): void {
    this.#control = state;
  }

  job(): void {
    // Its end comes by `ended`.
  }

  online(): void {
    this.isOnline = true;
  }

  offline(): void {
    this.isOnline = false;
    this.breaks += 1;
  }

  type(text: string): void {
    if (!this.terminal.type(Buffer.from(text))) throw new Error('too much is typed ahead');
  }

  lines(): string[] {
    const {active} = this.#screen.buffer;
    return Array.from({length: this.#screen.rows}, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '');
  }

  /** Text, cursor, which screen and modes: what a person would see. */
  looks(): unknown {
    const {active} = this.#screen.buffer;
    return {lines: this.lines(), cursor: [active.cursorX, active.cursorY], screen: active.type, modes: this.#screen.modes};
  }

  async shows(what: string | RegExp, within = 20_000): Promise<void> {
    await waitFor(() => new RegExp(what).test(this.lines().join('\n')), {within, what: `the screen shows ${what}`}).catch(
      (error: Error) => {
        throw new Error(`${error.message}; it shows:\n${this.lines().join('\n')}`);
      },
    );
  }

  [Symbol.dispose](): void {
    this.terminal.close();
    this.terminal.ended.catch(() => undefined);
    this.#screen.dispose();
  }

  #open({columns, rows}: TerminalSize): Screen {
    const screen = new headless.Terminal({cols: columns, rows, scrollback: 100, allowProposedApi: true, logLevel: 'off'});
    screen.onData(text => {
      if (this.controls) this.terminal.type(Buffer.from(text));
    });
    return screen;
  }
}
