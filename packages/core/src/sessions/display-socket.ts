import type {WebSocket} from 'ws';
import {allows} from '../access/rules.ts';
import {displayFromClient, type DisplayQuery, type JobView} from '../api/index.ts';
import {BoxyardError, fromWire, isBoxyardError, toWire} from '../errors/index.ts';
import type {DisplayService, JobService, PortHandlers, PortStream, Session} from '../services.ts';
import {CarriedSocket, listen, wordOf} from './carried-socket.ts';
import type {Controller, Controls, Watchers} from './controls.ts';
import {FilteredStream} from './filtered-stream.ts';

/** The worker is away, or has to open the screen again: looking whether it is there costs little. */
const AGAIN_MS = 250;

export interface DisplayScope {
  readonly session: Session;
  readonly job: string;
  readonly query: DisplayQuery;
}

export interface DisplaySocketServices {
  readonly jobs: Pick<JobService, 'watch' | 'show'>;
  readonly displays: DisplayService;
}

/**
 * One viewer of one display, from the handshake until either side is gone. Waits until the display shows itself. What breaks
 * after that is not taken up again: RFB begins with a greeting, so the client comes anew.
 */
export function serveDisplay(socket: WebSocket, scope: DisplayScope, {jobs, displays}: DisplaySocketServices, controls: Controls): void {
  const viewing = new Viewing(socket, scope, displays, controls);
  listen(
    socket,
    (data, isBinary) => viewing.receive(data, isBinary),
    () => viewing.close(),
  );
  viewing.start(jobs).catch((error: unknown) => viewing.fail(error));
}

class Viewing implements Controller {
  readonly mayControl: boolean;
  readonly isGlance: boolean;
  readonly actor: string;
  readonly #carried: CarriedSocket;
  readonly #filtered: FilteredStream;
  readonly #scope: DisplayScope;
  readonly #displays: DisplayService;
  readonly #controls: Controls;
  readonly #leave: () => void;
  #unwatch: (() => void) | undefined;
  #again: NodeJS.Timeout | undefined;
  #job: JobView | undefined;
  #isOpening = false;
  #isOpened = false;
  #isClosed = false;

  constructor(socket: WebSocket, scope: DisplayScope, displays: DisplayService, controls: Controls) {
    const {session, query} = scope;
    this.#scope = scope;
    this.#displays = displays;
    this.#controls = controls;
    this.isGlance = query.control === 'glance';
    this.mayControl = allows(session.access, 'run') && query.control !== 'none' && !this.isGlance;
    this.actor = session.actor;
    this.#carried = new CarriedSocket(socket);
    this.#filtered = new FilteredStream({
      mayControl: () => controls.has(scope.job, this),
      credit: bytes => this.#carried.credit(bytes),
    });
    this.#leave = controls.join(scope.job, this);
    if (query.control === 'take') controls.take(scope.job, this);
    this.#tellControl();
  }

  async start(jobs: DisplaySocketServices['jobs']): Promise<void> {
    const unwatch = await jobs.watch(this.#scope.session.tenant, this.#scope.job, job => this.#onJob(job));
    if (this.#isClosed) unwatch();
    else this.#unwatch = unwatch;
  }

  changed(controls: boolean): void {
    if (!controls) this.#filtered.release();
    this.#tellControl();
  }

  told(watchers: Watchers): void {
    this.#carried.tell({type: 'watched', ...watchers});
  }

  receive(data: Buffer, isBinary: boolean): void {
    try {
      if (isBinary) return this.#carried.take(data);
      const word = wordOf(displayFromClient, data.toString('utf8'));
      if (word.type !== 'take') return this.#carried.hear(word);
      if (!this.mayControl) throw new BoxyardError('FORBIDDEN', {access: this.#scope.session.access});
      this.#controls.take(this.#scope.job, this);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#carried.fail(error);
    this.close();
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#again);
    this.#unwatch?.();
    this.#leave();
    this.#carried.close();
  }

  #tellControl(): void {
    this.#carried.tell({type: 'control', controls: this.#controls.has(this.#scope.job, this), mayControl: this.mayControl});
  }

  #onJob(job: JobView): void {
    this.#job = job;
    if (job.state === 'ended') return this.#end(job);
    this.#open();
  }

  #end(job: JobView): void {
    if (job.error !== undefined) return this.fail(fromWire(job.error as Parameters<typeof fromWire>[0]));
    this.fail(new BoxyardError('NOT_FOUND', {what: 'open display', name: job.devbox?.name ?? job.id}));
  }

  #open(): void {
    const job = this.#job;
    if (this.#isClosed || this.#isOpening || job?.state !== 'running' || job.worker === undefined) return;
    const {worker} = job;
    this.#isOpening = true;
    this.#carried.begin(handlers => {
      const own = this.#handlers(handlers);
      return this.#filtered.over(this.#view(worker.id, {job: job.id, attempt: job.attempt, ...(this.isGlance ? {glance: true} : {})}, own));
    });
  }

  /** A worker that is away is one that says so. */
  #view(worker: string, of: Parameters<DisplayService['view']>[1], handlers: PortHandlers): PortStream {
    try {
      return this.#displays.view(worker, of, handlers);
    } catch (error) {
      if (!isBoxyardError(error)) throw error;
      queueMicrotask(() => handlers.end(toWire(error)));
      return nowhere;
    }
  }

  #handlers(carried: PortHandlers): PortHandlers {
    return {
      opened: () => {
        this.#isOpened = true;
        carried.opened();
      },
      data: bytes => carried.data(bytes),
      credit: bytes => this.#filtered.mayPass(bytes),
      end: error => {
        if (!this.#isOpened && error !== undefined && mayPass.has(error.code)) return this.#openAgain();
        carried.end(error);
      },
      over: () => carried.over(),
    };
  }

  #openAgain(): void {
    this.#isOpening = false;
    this.#again = setTimeout(() => this.#open(), AGAIN_MS);
  }
}

const nowhere: PortStream = {data: () => undefined, credit: () => undefined, end: () => undefined, close: () => undefined};

/** Its worker is away, or has not opened it again yet. */
const mayPass: ReadonlySet<string> = new Set(['WORKER_OFFLINE', 'NOT_FOUND']);
