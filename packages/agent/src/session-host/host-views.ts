import type {Socket} from 'node:net';
import {BoxyardError} from '@boxyard/core/errors';
import type {Terminal} from './terminal/terminal.ts';
import type {View} from './terminal/view.ts';
import {encodeFrame, type FromAgentToHost, type FromHostToAgent, type ViewOpened} from './wire.ts';

type Message<T extends FromAgentToHost['type']> = Extract<FromAgentToHost, {type: T}>;
export type ViewMessage = Message<'view.input' | 'view.size' | 'view.take' | 'view.redraw' | 'view.credit' | 'view.close'>;

interface Open {
  readonly terminal: Terminal;
  readonly view: View;
}

/** Those who look on through one connected agent, by the numbers it gave them; they leave with it. */
export class HostViews {
  readonly #socket: Socket;
  readonly #gather: () => void;
  readonly #open = new Map<number, Open>();

  /** `gather`: called before frames are written, which then leave together. */
  constructor(socket: Socket, gather: () => void) {
    this.#socket = socket;
    this.#gather = gather;
  }

  open(terminal: Terminal | undefined, message: Message<'view'>): ViewOpened {
    if (terminal === undefined) throw new BoxyardError('NOT_FOUND', {what: 'terminal', name: message.slot});
    const number = message.view;
    this.#leave(number);
    const view = terminal.open(
      {id: message.viewer, mayType: message.mayType, size: message.size, has: message.has, history: message.history},
      {
        screen: drawn => this.#tell({type: 'view.screen', view: number, ...drawn}),
        send: (offset, bytes) => this.#tell({type: 'view.data', view: number, offset}, bytes),
        control: controls => this.#tell({type: 'view.control', view: number, controls}),
        end: length => this.#tell({type: 'view.end', view: number, length}),
      },
    );
    this.#open.set(number, {terminal, view});
    return {input: terminal.took(view), controls: terminal.controls(view), size: terminal.state.size};
  }

  /** One for a view that is not there any more is late, and nothing. */
  async on(message: ViewMessage, bytes: Buffer): Promise<void> {
    const open = this.#open.get(message.view);
    if (open === undefined) return;
    const {terminal, view} = open;
    switch (message.type) {
      case 'view.input':
        return this.#tell({type: 'view.took', view: message.view, input: await terminal.type(view, message.offset, bytes)});
      case 'view.size':
        return terminal.resize(view, message.size);
      case 'view.take':
        return void terminal.control(view);
      case 'view.redraw':
        return view.redraw();
      case 'view.credit':
        return view.credit(message.bytes);
      case 'view.close':
        return this.#leave(message.view);
    }
  }

  close(): void {
    for (const number of [...this.#open.keys()]) this.#leave(number);
  }

  #leave(number: number): void {
    const open = this.#open.get(number);
    this.#open.delete(number);
    open?.terminal.leave(open.view);
  }

  #tell(message: FromHostToAgent, bytes?: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#gather();
    this.#socket.write(encodeFrame(message, bytes));
  }
}
