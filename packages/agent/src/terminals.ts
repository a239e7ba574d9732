import {BoxyardError, asBoxyardError, toWire} from '@boxyard/core/errors';
import {encodeData, type FromAgent, type FromServer, type SessionState} from '@boxyard/core/protocol';
import {FrameQueue} from '@boxyard/core/streams';
import type {Connection} from './connection.ts';
import type {HeldRegistry} from './held-registry.ts';
import type {FromView} from './host-client.ts';
import type {Hosts} from './hosts.ts';
import type {Journal, JobRow} from './journal.ts';
import type {HeldState} from './session-host/wire.ts';
import type {StreamHandler, Streams} from './streams.ts';

type Message<T extends FromServer['type']> = Extract<FromServer, {type: T}>;
type Of = Pick<HeldState, 'job' | 'attempt'>;
type ToOpen = Message<'terminal.open'>;
type TerminalMessage = Message<
  'terminal.open' | 'terminal.input' | 'terminal.resize' | 'terminal.take' | 'terminal.redraw' | 'terminal.close'
>;

export interface TerminalsDeps {
  readonly connection: () => Connection;
  readonly host: Hosts;
  readonly held: HeldRegistry;
  readonly journal: Pick<Journal, 'find'>;
  readonly streams: Streams;
  readonly send: (message: FromAgent) => boolean;
}

/**
 * Carries those who look on at terminals between server and session host: streams of the server's numbering, which end with
 * the connection they came by. What is on its way to the server is bounded by the credit its viewer gave.
 */
export class Terminals {
  readonly #deps: TerminalsDeps;
  readonly #streams = new Map<number, ViewStream>();

  constructor(deps: TerminalsDeps) {
    this.#deps = deps;
  }

  async #open(message: ToOpen): Promise<void> {
    const {stream, job, attempt, viewer, mayType, columns, rows, has, history} = message;
    const row = this.#deps.journal.find(job);
    this.#drop(stream);
    const ahead = () => Math.max(AHEAD / this.#streams.size, LEAST_AHEAD);
    const made = new ViewStream(message, this.#deps.connection(), this.#deps.host, ahead);
    this.#streams.set(stream, made);
    this.#deps.streams.bind(stream, made);
    try {
      if (row === undefined || row.attempt.id !== attempt.id) throw new BoxyardError('NOT_FOUND', {what: 'terminal', name: job});
      const slot = slotOf(row);
      const size = {columns, rows};
      const of = {job, attempt: row.attempt, slot, view: stream, viewer, mayType, size, history};
      await this.#deps.host.view({type: 'view', ...of, ...(has === undefined ? {} : {has})}, ({input, controls, size: shown}) =>
        this.#deps.send({type: 'terminal.opened', stream, input, controls, ...shown}),
      );
      made.credit(message.credit);
    } catch (error) {
      // One that comes too late is not left open.
      this.#close(stream);
      this.#deps.send({type: 'stream.end', stream, error: toWire(asBoxyardError(error))});
    }
  }

  /** What the server says of a view, in order. */
  async on(message: TerminalMessage): Promise<void> {
    if (message.type === 'terminal.open') return this.#open(message);
    const {stream} = message;
    if (!this.#streams.has(stream)) return;
    const {host} = this.#deps;
    if (message.type === 'terminal.input')
      host.tellView({type: 'view.input', view: stream, offset: message.offset}, Buffer.from(message.data, 'base64'));
    else if (message.type === 'terminal.resize')
      host.tellView({type: 'view.size', view: stream, size: {columns: message.columns, rows: message.rows}});
    else if (message.type === 'terminal.redraw') host.tellView({type: 'view.redraw', view: stream});
    else if (message.type === 'terminal.take') host.tellView({type: 'view.take', view: stream});
    else this.#close(stream);
  }

  fromView(message: FromView, bytes: Buffer): void {
    const stream = this.#streams.get(message.view);
    if (stream === undefined) return;
    switch (message.type) {
      case 'view.screen': {
        const {at, bytes: length, output, size} = message;
        return void this.#deps.send({type: 'terminal.screen', stream: stream.number, at, bytes: length, output, ...size});
      }
      case 'view.data':
        return stream.push(message.offset, bytes);
      case 'view.took':
        return void this.#deps.send({type: 'terminal.took', stream: stream.number, input: message.input});
      case 'view.control':
        return void this.#deps.send({type: 'terminal.control', stream: stream.number, controls: message.controls});
      case 'view.end':
        return stream.queue.finish(() => {
          this.#drop(stream.number);
          this.#deps.send({type: 'stream.end', stream: stream.number, length: message.length});
        });
    }
  }

  changed({job, attempt}: Of, state: SessionState): void {
    this.#deps.send({type: 'terminal.state', job, attempt, state});
  }

  /** A new connection: its server knows of no session but from this. */
  onOpen(): void {
    for (const held of this.#deps.held.terminals()) if (held.terminal) this.changed(held, held.terminal);
  }

  onClosed(): void {
    for (const stream of [...this.#streams.keys()]) this.#close(stream);
  }

  /** A session host is gone, and with it the terminals it held. */
  onLost(held: (of: Of) => boolean): void {
    for (const {number, of} of [...this.#streams.values()]) {
      if (!held(of)) continue;
      this.#drop(number);
      this.#deps.send({type: 'stream.end', stream: number, error: toWire(new BoxyardError('NOT_FOUND', {what: 'terminal', name: of.job}))});
    }
  }

  #close(stream: number): void {
    if (this.#drop(stream)) this.#deps.host.tellView({type: 'view.close', view: stream});
  }

  #drop(stream: number): boolean {
    const open = this.#streams.get(stream);
    if (open === undefined) return false;
    open.queue.leave();
    this.#deps.streams.unbind(stream, open);
    return this.#streams.delete(stream);
  }
}

/** The step of a job that has a terminal; jobs have one at most. */
function slotOf({start, job}: JobRow): string {
  const index = start.steps.findIndex(step => step.do === 'container.exec' && step.command.tty !== undefined);
  if (index < 0) throw new BoxyardError('NOT_FOUND', {what: 'terminal', name: job});
  return `exec-${index}`;
}

/** What the session host may send ahead of its turn, of all views together and of one at least: they share one pipe, and memory. */
const AHEAD = 8 * 1024 * 1024;
const LEAST_AHEAD = 64 * 1024;

/** One view: what it draws waits in turn with all other bulk. */
class ViewStream implements StreamHandler {
  readonly number: number;
  readonly of: Of;
  readonly queue: FrameQueue;
  readonly #host: Hosts;
  /** Asked for by the viewer and not of the host yet, and asked of the host and not on its way yet. */
  #wanted = 0;
  #ahead = 0;
  readonly #mostAhead: () => number;

  constructor({stream, job, attempt}: ToOpen, connection: Connection, host: Hosts, mostAhead: () => number) {
    this.#mostAhead = mostAhead;
    this.number = stream;
    this.of = {job, attempt};
    this.queue = new FrameQueue(connection.bulk, true);
    this.#host = host;
  }

  data(): void {
    // What is typed comes as messages.
  }

  push(offset: number, bytes: Buffer): void {
    this.queue.push(encodeData({stream: this.number, offset, bytes}), () => {
      this.#ahead -= bytes.length;
      this.#ask();
    });
  }

  credit(bytes: number): void {
    this.#wanted += bytes;
    this.#ask();
  }

  #ask(): void {
    // Half of it at a time: a message for every frame would be too many.
    const most = this.#mostAhead();
    if (this.#wanted === 0 || this.#ahead > most / 2) return;
    const bytes = Math.min(this.#wanted, Math.floor(most) - this.#ahead);
    this.#wanted -= bytes;
    this.#ahead += bytes;
    this.#host.tellView({type: 'view.credit', view: this.number, bytes});
  }

  end(): void {
    // A view is left by `terminal.close`.
  }
}
