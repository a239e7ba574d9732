import type {WebSocket} from 'ws';
import {allows} from '../access/rules.ts';
import {type JobView, type TerminalFromClient, type TerminalQuery, type TerminalToClient} from '../api/index.ts';
import {BoxyardError, asBoxyardError, fromWire, isBoxyardError, toWire} from '../errors/index.ts';
import type {JobService, Session, TerminalHandlers, TerminalService, TerminalStream} from '../services.ts';
import {Heard} from './heard.ts';

/** Whoever answers no ping until the next one is gone. */
const PING_MS = 15_000;
/** Input a client may send ahead of `took`. */
const MOST_UNTAKEN = 1024 * 1024;
/** Output a client may ask for ahead of what it was sent. */
const MOST_CREDIT = 4 * 1024 * 1024;
/** Over this much unsent the client does not read: it is let go, and goes on by what it has when it comes again (B13). */
const MOST_UNSENT = 8 * 1024 * 1024;
/** The worker said that the command runs; its terminal is there a moment later. */
const TRY_AGAIN_MS = 100;
/** The worker is away; looking whether it is back costs nothing. */
const BACK_MS = 250;
const HEADER = 8;

export interface TerminalScope {
  readonly session: Session;
  readonly job: string;
  readonly query: TerminalQuery;
}

export interface TerminalSocketServices {
  readonly jobs: Pick<JobService, 'watch' | 'show'>;
  readonly terminals: TerminalService;
}

/**
 * One viewer of one terminal, from the handshake to the command's end. Waits until the command runs, then carries what both
 * sides say. When the worker goes away the socket closes with 4503: the client comes again with what it has, and waits here.
 */
export function serveTerminal(socket: WebSocket, scope: TerminalScope, services: TerminalSocketServices): void {
  const viewing = new Viewing(socket, scope, services);
  let isAlive = true;
  const heard = () => (isAlive = true);
  const ping = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', heard);
  socket.on('message', heard);
  socket.once('close', () => {
    clearInterval(ping);
    viewing.close();
  });
  viewing.start().catch((error: unknown) => viewing.fail(error));
}

class Viewing implements TerminalHandlers {
  readonly #socket: WebSocket;
  readonly #scope: TerminalScope;
  readonly #services: TerminalSocketServices;
  readonly #mayType: boolean;
  readonly #size: {columns: number; rows: number};
  #stream: TerminalStream | undefined;
  #unwatch: (() => void) | undefined;
  #again: NodeJS.Timeout | undefined;
  #job: JobView | undefined;
  readonly #heard: Heard;
  /** Output asked for and not sent, and how much was sent of this stream. */
  #credit = 0;
  #sent = 0;
  /** Input that the program took, and that was passed on. */
  #took = 0;
  #passedOn = 0;
  #isOpened = false;
  #isAway = false;
  #isClosed = false;
  #isShown = false;

  constructor(socket: WebSocket, scope: TerminalScope, services: TerminalSocketServices) {
    this.#socket = socket;
    this.#scope = scope;
    this.#services = services;
    this.#mayType = allows(scope.session.access, 'run') && scope.query.readonly !== 'true';
    this.#size = {columns: scope.query.columns, rows: scope.query.rows};
    this.#heard = new Heard(
      socket,
      message => this.#on(message),
      error => this.fail(error),
    );
  }

  async start(): Promise<void> {
    const {session, job} = this.#scope;
    const unwatch = await this.#services.jobs.watch(session.tenant, job, next => this.#onJob(next));
    if (this.#isClosed) unwatch();
    else this.#unwatch = unwatch;
  }

  answer(message: Parameters<TerminalHandlers['answer']>[0]): void {
    switch (message.type) {
      case 'terminal.opened': {
        const {input, controls, columns, rows} = message;
        this.#took = input;
        this.#passedOn = Math.max(this.#passedOn, input);
        this.#isOpened = true;
        return this.#tell({type: 'opened', input, controls, mayType: this.#mayType, columns, rows});
      }
      case 'terminal.screen': {
        const {at, bytes, output, columns, rows} = message;
        return this.#tell({type: 'screen', at, bytes, output, columns, rows});
      }
      case 'terminal.took':
        this.#took = Math.min(message.input, this.#passedOn);
        return this.#tell({type: 'took', input: this.#took});
      case 'terminal.control':
        return this.#tell({type: 'control', controls: message.controls});
    }
  }

  data({offset, bytes}: Parameters<TerminalHandlers['data']>[0]): void {
    if (offset !== this.#sent || bytes.length > this.#credit)
      return this.fail(new BoxyardError('INTERNAL', {}, {message: 'The worker sent output that it was not asked for.'}));
    this.#sent += bytes.length;
    this.#credit -= bytes.length;
    const frame = Buffer.allocUnsafe(HEADER + bytes.length);
    frame.writeBigUInt64BE(BigInt(offset), 0);
    frame.set(bytes, HEADER);
    this.#send(frame);
  }

  end({error}: Parameters<TerminalHandlers['end']>[0]): void {
    this.#stream = undefined;
    if (error === undefined) {
      this.#isShown = true;
      return this.#endIfOver();
    }
    if (error.code === 'NOT_FOUND' && this.#job?.state !== 'ended') {
      // One that was there is gone with what held it: the job's end follows.
      if (this.#isOpened) return;
      return this.#openAfter(TRY_AGAIN_MS);
    }
    if (error.code === 'WORKER_OFFLINE') return this.#leave(error);
    this.fail(fromWire(error as Parameters<typeof fromWire>[0]));
  }

  fail(thrown: unknown): void {
    if (this.#isClosed) return;
    const error = asBoxyardError(thrown);
    this.#tell({type: 'error', error: toWire(error)});
    const code = error.code === 'FORBIDDEN' ? 4403 : error.code === 'INTERNAL' || error.code === 'REDIS_UNAVAILABLE' ? 1011 : 4400;
    this.#socket.close(code, error.code);
    this.close();
  }

  /** Nothing is heard or passed on any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#again);
    this.#heard.close();
    this.#unwatch?.();
    this.#stream?.close();
    this.#stream = undefined;
  }

  #on(message: TerminalFromClient): void {
    switch (message.type) {
      case 'credit':
        this.#credit += message.bytes;
        if (this.#credit > MOST_CREDIT)
          throw new BoxyardError('INVALID_INPUT', {field: 'credit', issue: `more than ${MOST_CREDIT} bytes ahead of what was sent`});
        return this.#stream?.send({type: 'stream.credit', bytes: message.bytes});
      case 'resize':
        Object.assign(this.#size, {columns: message.columns, rows: message.rows});
        return this.#stream?.send({type: 'terminal.resize', columns: message.columns, rows: message.rows});
      case 'redraw':
        return this.#stream?.send({type: 'terminal.redraw'});
      case 'take':
        this.#checkTyping();
        return this.#stream?.send({type: 'terminal.take'});
      case 'input':
        return this.#input(message);
    }
  }

  #input({offset, data}: Extract<TerminalFromClient, {type: 'input'}>): void {
    this.#checkTyping();
    if (!this.#isOpened) throw new BoxyardError('INVALID_INPUT', {field: 'input', issue: 'it came before `opened`'});
    if (offset > this.#passedOn)
      throw new BoxyardError('INVALID_INPUT', {field: 'offset', issue: `bytes ${this.#passedOn} to ${offset} of the input are missing`});
    if (offset > this.#took + MOST_UNTAKEN) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'bytes typed ahead'});
    // What comes while the terminal is looked for again is sent again after the next `opened`.
    if (this.#stream === undefined) return;
    this.#passedOn = Math.max(this.#passedOn, offset + Buffer.byteLength(data, 'base64'));
    this.#stream.send({type: 'terminal.input', offset, data});
  }

  /** Asked of every message: viewing and typing are different rights (C6). */
  #checkTyping(): void {
    if (!this.#mayType) throw new BoxyardError('FORBIDDEN', {access: this.#scope.session.access});
  }

  #onJob(job: JobView): void {
    this.#job = job;
    this.#tell({type: 'job', job});
    if (job.state === 'running' && this.#stream === undefined && !this.#isShown) this.#open();
    if (job.state === 'ended') this.#endIfOver();
  }

  #open(): void {
    const job = this.#job;
    if (this.#isClosed || this.#stream !== undefined || job?.state !== 'running' || job.worker === undefined) return this.#endIfOver();
    const {viewer, has, history} = this.#scope.query;
    this.#sent = 0;
    const request = {job: job.id, attempt: job.attempt, viewer, mayType: this.#mayType, ...this.#size, history, credit: this.#credit};
    try {
      this.#stream = this.#services.terminals.open(job.worker.id, {...request, ...(has === undefined ? {} : {has})}, this);
    } catch (error) {
      if (!isBoxyardError(error) || error.code !== 'WORKER_OFFLINE') return this.fail(error);
      if (!this.#isAway) this.#tell({type: 'away', error: toWire(error)});
      this.#isAway = true;
      this.#openAfter(BACK_MS);
    }
  }

  #openAfter(ms: number): void {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#open(), ms);
  }

  #endIfOver(): void {
    const job = this.#job;
    if (job?.state !== 'ended' || this.#stream !== undefined) return;
    this.#tell({type: 'end', job});
    this.#socket.close(1000);
  }

  /** The client comes again: with a new connection the agent draws anew what it has not. */
  #leave(error: Extract<TerminalToClient, {type: 'error'}>['error']): void {
    this.#tell({type: 'error', error});
    this.#socket.close(4503, 'WORKER_OFFLINE');
    this.close();
  }

  #tell(message: TerminalToClient): void {
    this.#send(JSON.stringify(message));
  }

  #send(data: string | Buffer): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    socket.send(data);
    if (socket.bufferedAmount <= MOST_UNSENT) return;
    socket.close(4408, 'too slow');
    socket.terminate();
  }
}
