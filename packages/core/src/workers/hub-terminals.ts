import {BoxyardError} from '../errors/index.ts';
import type {DataFrame, FromAgent} from '../protocol/index.ts';
import type {TerminalHandlers, TerminalStream, TerminalToOpen} from '../services.ts';
import type {AgentLink} from './agent-link.ts';

type FromAgentOf<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;

/** Streams that the server opens are numbered from here, those of the agent from 1. */
const FIRST = 2 ** 31;

/** Those who look on at terminals through one agent's connection. */
export class TerminalFrames {
  readonly #link: AgentLink;
  readonly #open = new Map<number, TerminalHandlers>();
  #last = FIRST;

  constructor(link: AgentLink) {
    this.#link = link;
  }

  open(request: TerminalToOpen, handlers: TerminalHandlers): TerminalStream {
    const stream = ++this.#last;
    this.#open.set(stream, handlers);
    this.#link.send({type: 'terminal.open', stream, ...request});
    return {
      send: command => {
        if (this.#open.has(stream)) this.#link.send({...command, stream});
      },
      close: () => {
        if (this.#open.delete(stream)) this.#link.send({type: 'terminal.close', stream});
      },
    };
  }

  has(stream: number): boolean {
    return stream > FIRST;
  }

  data(frame: DataFrame): void {
    this.#open.get(frame.stream)?.data(frame);
  }

  answer(message: Parameters<TerminalHandlers['answer']>[0]): void {
    this.#open.get(message.stream)?.answer(message);
  }

  end({stream, length, error}: FromAgentOf<'stream.end'>): void {
    const handlers = this.#open.get(stream);
    this.#open.delete(stream);
    handlers?.end({length, error});
  }

  /** The connection is over. */
  close(): void {
    const error = new BoxyardError('WORKER_OFFLINE', {worker: this.#link.identity.name});
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const handlers of open)
      handlers.end({error: {code: error.code, message: error.message, ...(error.hint === undefined ? {} : {hint: error.hint})}});
  }
}
