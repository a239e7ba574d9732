import type {Socket} from 'node:net';
import {BoxyardError} from '@boxyard/core/errors';
import {BulkLane} from '@boxyard/core/streams';
import type {Terminal} from './terminal/terminal.ts';
import type {View, ViewPart} from './terminal/view.ts';
import {encodeFrame, type FromAgentToHost, type FromHostToAgent, type ViewOpened} from './wire.ts';

type Message<T extends FromAgentToHost['type']> = Extract<FromAgentToHost, {type: T}>;
export type ViewMessage = Message<'view.input' | 'view.size' | 'view.take' | 'view.redraw' | 'view.credit' | 'view.close'>;

interface Open {
  readonly terminal: Terminal;
  readonly view: View;
  readonly leave: () => void;
}

/** What may wait in the pipe to the agent: all views share it, and more would stand before the echo of a key. */
const MOST_BUFFERED = 512 * 1024;

/** Those who look on through one connected agent, by the numbers it gave them; they leave with it. */
export class HostViews {
  readonly #socket: Socket;
  readonly #gather: () => void;
  readonly #open = new Map<number, Open>();
  readonly #lane: BulkLane;

  /** `gather`: called before frames are written, which then leave together. */
  constructor(socket: Socket, gather: () => void) {
    this.#socket = socket;
    this.#gather = gather;
    const pipe = {
      get bufferedAmount() {
        return socket.writableLength;
      },
      send: (frame: Buffer, sent: () => void) => {
        gather();
        socket.write(frame, sent);
      },
    };
    this.#lane = new BulkLane(() => (socket.writable ? pipe : undefined), MOST_BUFFERED);
  }

  open(terminal: Terminal | undefined, message: Message<'view'>): ViewOpened {
    if (terminal === undefined) throw new BoxyardError('NOT_FOUND', {what: 'terminal', name: message.slot});
    const number = message.view;
    this.#leave(number);
    const source = {next: () => frameOf(number, view.next())};
    const view = terminal.open(
      {id: message.viewer, mayType: message.mayType, size: message.size, has: message.has, history: message.history},
      {
        screen: drawn => this.#tell({type: 'view.screen', view: number, ...drawn}),
        ready: isSmall => (isSmall ? this.#lane.hurry(source) : this.#lane.wake()),
        control: controls => this.#tell({type: 'view.control', view: number, controls}),
        end: length => this.#tell({type: 'view.end', view: number, length}),
      },
    );
    this.#open.set(number, {terminal, view, leave: this.#lane.add(source)});
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
    open?.leave();
    open?.terminal.leave(open.view);
  }

  #tell(message: FromHostToAgent): void {
    if (!this.#socket.writable) return;
    this.#gather();
    this.#socket.write(encodeFrame(message));
  }
}

const frameOf = (view: number, part: ViewPart | undefined): Buffer | undefined =>
  part && encodeFrame({type: 'view.data', view, offset: part.offset} satisfies FromHostToAgent, part.bytes);
