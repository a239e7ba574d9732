import {spawn, type ChildProcess} from 'node:child_process';
import type {Socket} from 'node:net';
import type {Host} from '@boxyard/core/plugin-api';

/**
 * Runs here, in the box's network only: connects, and hands the connected socket over, so that no byte passes through it. The
 * socket rests until then: what is read before would be lost.
 */
const ENTERED = `const net=require('net');
const reach=(id,port,[host,...rest],code)=>{
  if(!host)return process.send({id,code});
  const s=net.connect({port,host,allowHalfOpen:true}).pause();
  s.once('error',e=>reach(id,port,rest,code??e.code));
  s.once('connect',()=>process.send({id},s));
};
process.on('message',({id,port})=>reach(id,port,['127.0.0.1','::1']));`;

/** How long it is kept for the next connection: starting it costs more than the connection. */
const IDLE_MS = 10_000;

type Answer = {readonly id: number; readonly code?: string};

/** A process of ours in the network of one box, which connects to what listens there. Needs root. */
export class Entrance {
  readonly #child: ChildProcess;
  readonly #host: Host;
  readonly #asked = new Map<number, PromiseWithResolvers<Socket>>();
  readonly #onGone: () => void;
  #idle: NodeJS.Timeout | undefined;
  #said = '';
  #last = 0;

  /** `pid`: any process of the box. `onGone` is called once, when it is of no use any more. */
  constructor(pid: number, host: Host, onGone: () => void) {
    this.#host = host;
    this.#onGone = onGone;
    this.#child = spawn('nsenter', ['-t', String(pid), '-n', process.execPath, '-e', ENTERED], {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', part => (this.#said = (this.#said + String(part)).slice(0, 300)));
    this.#child.on('message', (answer, socket) => this.#answer(answer as Answer, socket as Socket | undefined));
    this.#child.once('error', error => this.#gone(host.fault('unsupported', `connecting into a box: ${error.message}`)));
    this.#child.once('exit', () =>
      this.#gone(host.fault('failed', `connecting into a box: ${this.#said.trim() || 'it could not be entered'}`)),
    );
    // It ends with this process, and keeps it from ending no more than a connection does.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  async connect(port: number, signal: AbortSignal): Promise<Socket> {
    clearTimeout(this.#idle);
    const id = ++this.#last;
    const asked = Promise.withResolvers<Socket>();
    this.#asked.set(id, asked);
    const abort = () => asked.reject(signal.reason as Error);
    signal.addEventListener('abort', abort, {once: true});
    try {
      this.#child.send({id, port}, error => error && asked.reject(this.#host.fault('failed', `connecting into a box: ${error.message}`)));
      return await asked.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#asked.delete(id);
      if (this.#asked.size === 0) this.#rest();
    }
  }

  close(): void {
    this.#gone(this.#host.fault('failed', 'the way into the box was closed'));
  }

  #answer({id, code}: Answer, socket: Socket | undefined): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return void socket?.destroy();
    if (socket === undefined) return asked.reject(refused(this.#host, code));
    // Sockets that are handed over end as a whole unless told otherwise.
    socket.allowHalfOpen = true;
    asked.resolve(socket);
  }

  #rest(): void {
    this.#idle = setTimeout(() => this.close(), IDLE_MS);
    this.#idle.unref();
  }

  #gone(error: Error): void {
    clearTimeout(this.#idle);
    this.#onGone();
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#child.kill('SIGKILL');
  }
}

const refused = (host: Host, code = 'ECONNRESET'): Error =>
  code === 'ECONNREFUSED'
    ? host.fault('not-found', 'nothing listens on that port')
    : host.fault('failed', `connecting into a box: ${code}`);
