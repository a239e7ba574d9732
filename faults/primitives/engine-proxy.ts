import {createServer, request, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {connect, type Socket} from 'node:net';
import {once} from 'node:events';
import {rmSync} from 'node:fs';
import type {Fault} from './fault.ts';

/**
 * What a wrong engine does with a call: does it and answers 500; does it and never answers; does it and cuts the answer short;
 * answers 409; answers something that is not JSON; or does nothing and never answers.
 */
export type Wrong = 'error-after-success' | 'silent-after-success' | 'cut' | 'conflict' | 'malformed' | 'hang';

export interface WrongAnswer {
  readonly method: string;
  readonly path: RegExp;
  readonly wrong: Wrong;
  /** How many calls; absent: all while injected. */
  readonly times?: number;
}

/** F17: a unix socket in front of a Docker-API engine that is right in everything but what it was told to get wrong. */
export class EngineProxy implements AsyncDisposable {
  readonly socketPath: string;
  /** Calls that were answered wrongly, in order: `POST /containers/create error-after-success`. */
  readonly struck: string[] = [];
  readonly #engine: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #rules: {rule: WrongAnswer; left: number}[] = [];

  private constructor(engine: string, socketPath: string) {
    this.#engine = engine;
    this.socketPath = socketPath;
    this.#server = createServer((from, to) => this.#forward(from, to));
    this.#server.on('upgrade', (from, socket: Socket, head: Buffer) => this.#hijack(from, socket, head));
    this.#server.on('connection', (socket: Socket) => this.#adopt(socket));
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
  }

  static async listen(engine: string, socketPath: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(engine, socketPath);
    proxy.#server.listen(socketPath);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  answering(rule: WrongAnswer): Fault {
    const entry = {rule, left: rule.times ?? Number.POSITIVE_INFINITY};
    return {
      name: `F17 ${rule.method} ${rule.path.source} ${rule.wrong}`,
      inject: async () => void this.#rules.push(entry),
      heal: async () => {
        this.#rules = this.#rules.filter(other => other !== entry);
        if (rule.wrong === 'hang' || rule.wrong === 'silent-after-success') this.#dropAll();
      },
    };
  }

  #forward(from: IncomingMessage, to: ServerResponse): void {
    const wrong = this.#take(from);
    if (wrong === 'hang') return;
    if (wrong === 'conflict') return answer(to, 409, JSON.stringify({message: 'conflict, says the test'}));
    if (wrong === 'malformed') return answer(to, 200, '{"Id": "not the en');
    const onward = request({socketPath: this.#engine, method: from.method, path: from.url, headers: from.headers}, back => {
      if (wrong !== undefined) return this.#afterSuccess(wrong, back, to);
      to.writeHead(back.statusCode ?? 502, back.headers);
      to.flushHeaders();
      back.pipe(to);
      back.once('error', () => to.destroy());
    });
    onward.once('error', () => to.destroy());
    to.once('close', () => onward.destroy());
    from.pipe(onward);
  }

  #afterSuccess(wrong: Wrong, back: IncomingMessage, to: ServerResponse): void {
    if (wrong === 'cut') {
      to.writeHead(back.statusCode ?? 200, {...back.headers, 'content-length': '4096'});
      back.once('data', (bytes: Buffer) => to.write(bytes.subarray(0, 8), () => to.destroy()));
      back.once('end', () => to.destroy());
      return;
    }
    back.resume();
    back.once('end', () => {
      if (wrong === 'error-after-success') answer(to, 500, JSON.stringify({message: 'internal error, says the test'}));
    });
  }

  /** Attach and exec streams: bytes both ways, half-close kept. */
  #hijack(from: IncomingMessage, client: Socket, head: Buffer): void {
    const onward = request({socketPath: this.#engine, method: from.method, path: from.url, headers: from.headers});
    onward.once('upgrade', (back: IncomingMessage, engine: Socket, first: Buffer) => {
      client.write(rawHead(back));
      if (first.length > 0) client.write(first);
      if (head.length > 0) engine.write(head);
      this.#adopt(engine);
      engine.pipe(client);
      client.pipe(engine);
      engine.once('error', () => client.destroy());
      client.once('error', () => engine.destroy());
    });
    onward.once('response', back => {
      client.write(rawHead(back));
      back.pipe(client);
    });
    onward.once('error', () => client.destroy());
    onward.end();
  }

  #take(from: IncomingMessage): Wrong | undefined {
    const path = (from.url ?? '').replace(/^\/v[\d.]+/, '').replace(/\?.*/, '');
    const entry = this.#rules.find(({rule, left}) => left > 0 && rule.method === from.method && rule.path.test(path));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    this.struck.push(`${from.method} ${path} ${entry.rule.wrong}`);
    return entry.rule.wrong;
  }

  #adopt(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#dropAll();
    rmSync(this.socketPath, {force: true});
  }
}

/** Whether an engine answers on the socket. */
export async function engineAnswers(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function answer(to: ServerResponse, status: number, body: string): void {
  to.writeHead(status, {'content-type': 'application/json'});
  to.end(body);
}

const rawHead = (back: IncomingMessage): string => `HTTP/1.1 ${back.statusCode} ${back.statusMessage}\r\n${pairs(back.rawHeaders)}\r\n`;

const pairs = (raw: readonly string[]): string =>
  Array.from({length: raw.length / 2}, (_, i) => `${raw[2 * i]}: ${raw[2 * i + 1]}\r\n`).join('');
