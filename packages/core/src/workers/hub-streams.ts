import {BoxyardError, toWire} from '../errors/index.ts';
import {type DataFrame, type FromAgent, type FromServer, encodeData} from '../protocol/index.ts';
import type {DisplayToView, PortHandlers, PortStream, PortToOpen, TerminalHandlers, TerminalStream, TerminalToOpen} from '../services.ts';
import {FrameQueue} from '../streams/index.ts';
import type {AgentLink} from './agent-link.ts';

type FromAgentOf<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;
type Answer = FromAgentOf<'terminal.opened' | 'terminal.screen' | 'terminal.took' | 'terminal.control' | 'port.opened' | 'display.opened'>;

/** Streams that the server opens are numbered from here, those of the agent from 1. */
const FIRST = 2 ** 31;
/** Of one agent's connection: more is not one tenant's work any more. */
const MOST_OPEN = 2_000;

interface Opened {
  answer(message: Answer): void;
  data(frame: DataFrame): void;
  credit(bytes: number): void;
  end(how: Pick<FromAgentOf<'stream.end'>, 'length' | 'error'>): void;
}

/** The streams that were opened through one agent's connection: those who look on at terminals, and connections to ports and screens. */
export class OpenedStreams {
  readonly #link: AgentLink;
  readonly #open = new Map<number, Opened>();
  #last = FIRST;

  constructor(link: AgentLink) {
    this.#link = link;
  }

  openTerminal(request: TerminalToOpen, handlers: TerminalHandlers): TerminalStream {
    const stream = this.#add({
      answer: message => message.type !== 'port.opened' && message.type !== 'display.opened' && handlers.answer(message),
      data: frame => handlers.data(frame),
      credit: () => undefined,
      end: how => {
        this.#open.delete(stream);
        handlers.end(how);
      },
    });
    this.#link.send({type: 'terminal.open', stream, ...request});
    return {
      send: command => {
        if (this.#open.has(stream)) this.#link.send({...command, stream});
      },
      close: () => this.#leave({type: 'terminal.close', stream}),
    };
  }

  openPort(request: PortToOpen, handlers: PortHandlers): PortStream {
    return this.#carry(stream => ({type: 'port.open', stream, ...request}), handlers);
  }

  viewDisplay(request: DisplayToView, handlers: PortHandlers): PortStream {
    return this.#carry(stream => ({type: 'display.view', stream, ...request}), handlers);
  }

  #carry(ask: (stream: number) => FromServer, handlers: PortHandlers): PortStream {
    let sent = 0;
    let isHalf = false;
    /** Of one direction: the second one ends the stream. */
    const ended = () => {
      if (!isHalf) return void (isHalf = true);
      this.#open.delete(stream);
      queue.leave();
      handlers.over();
    };
    const stream = this.#add({
      answer: message => (message.type === 'port.opened' || message.type === 'display.opened') && handlers.opened(),
      data: ({bytes}) => handlers.data(bytes),
      credit: bytes => handlers.credit(bytes),
      end: ({error}) => {
        if (error !== undefined) {
          this.#open.delete(stream);
          queue.leave();
        }
        handlers.end(error);
        if (error === undefined) ended();
      },
    });
    const queue = new FrameQueue(this.#link.bulk);
    this.#link.send(ask(stream));
    return {
      data: bytes => {
        if (!this.#open.has(stream)) return;
        queue.push(encodeData({stream, offset: sent, bytes}));
        sent += bytes.length;
      },
      credit: bytes => {
        if (this.#open.has(stream)) this.#link.send({type: 'stream.credit', stream, bytes});
      },
      end: () =>
        queue.finish(() => {
          this.#link.send({type: 'stream.end', stream, length: sent});
          ended();
        }),
      close: () => {
        queue.leave();
        this.#leave({type: 'stream.end', stream, error: toWire(new BoxyardError('INTERRUPTED'))});
      },
    };
  }

  has(stream: number): boolean {
    return stream > FIRST;
  }

  data(frame: DataFrame): void {
    this.#open.get(frame.stream)?.data(frame);
  }

  credit({stream, bytes}: FromAgentOf<'stream.credit'>): void {
    this.#open.get(stream)?.credit(bytes);
  }

  answer(message: Answer): void {
    this.#open.get(message.stream)?.answer(message);
  }

  end({stream, length, error}: FromAgentOf<'stream.end'>): void {
    this.#open.get(stream)?.end({length, error});
  }

  /** The connection is over. */
  close(): void {
    const error = toWire(new BoxyardError('WORKER_OFFLINE', {worker: this.#link.identity.name}));
    for (const opened of [...this.#open.values()]) opened.end({error});
  }

  #add(opened: Opened): number {
    if (this.#open.size >= MOST_OPEN) throw new BoxyardError('TOO_MANY_REQUESTS', {what: `streams of ${this.#link.identity.name}`});
    const stream = ++this.#last;
    this.#open.set(stream, opened);
    return stream;
  }

  #leave(message: FromServer & {readonly stream: number}): void {
    if (this.#open.delete(message.stream)) this.#link.send(message);
  }
}
