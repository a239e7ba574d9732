import {buffer} from 'node:stream/consumers';
import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js';
import {expect} from 'vitest';
import {WebSocket} from 'ws';
import {Api, type Answer, type CallOptions} from '../faults/lab/api.ts';

export interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<string, {readonly content?: Readonly<Record<string, {readonly schema?: object}>>}>>;
}
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}
interface Ask extends CallOptions {
  readonly at?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly token?: string;
}

export const operations = (description: Description) =>
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({path, method: method.toUpperCase(), operation})),
  );
export const isSocket = (operation: Operation) => '101' in operation.responses;

/** Calls one operation as it is described, and holds what comes back against the answer that is described for its status. */
export class Reader {
  readonly seen = new Map<string, Set<'success' | 'error'>>();
  readonly wrong: string[] = [];
  readonly #ajv = new Ajv2020({strict: false, allErrors: true, validateFormats: false});
  readonly #compiled = new Map<object, ValidateFunction>();
  readonly #api: Api;
  readonly #description: Description;

  constructor(api: Api, description: Description) {
    this.#api = api;
    this.#description = description;
  }

  async ask<T = Record<string, unknown>>(
    name: string,
    {at = {}, query = '', token = this.#api.token, ...options}: Ask = {},
  ): Promise<Answer<T>> {
    const {path, method, operation} = operations(this.#description).find(each => each.operation.operationId === name)!;
    const filled = path.replace(/\{(\w+)\}/g, (_, part: string) => encodeURIComponent(at[part] ?? 'nothing-like-this'));
    const answer = isSocket(operation)
      ? await upgrade<T>(new URL(`${filled}${query}`, this.#api.url), token)
      : await new Api(this.#api.url.href, token).call<T>(method, `${filled}${query}`, options);
    this.hold(name, answer);
    return answer;
  }

  async ok<T = Record<string, unknown>>(name: string, ask: Ask = {}): Promise<T> {
    const answer = await this.ask<T>(name, ask);
    expect(answer.status, `${name}: ${answer.bytes.toString().slice(0, 500)}`).toBeLessThan(300);
    return answer.body;
  }

  hold(name: string, {status, headers, body, bytes}: Answer): void {
    const {operation} = operations(this.#description).find(each => each.operation.operationId === name)!;
    const kinds = this.seen.get(name) ?? new Set();
    this.seen.set(name, kinds.add(status < 400 ? 'success' : 'error'));
    const described = operation.responses[status] ?? (status < 400 ? undefined : operation.responses['default']);
    if (described === undefined) return void this.wrong.push(`${name}: ${status} is not described`);
    const media = String(headers['content-type'] ?? '').split(';')[0]!;
    if (described.content === undefined) {
      if (bytes.length > 0) this.wrong.push(`${name}: ${status} has a body that is not described`);
      return;
    }
    const content = described.content[media];
    if (content === undefined) return void this.wrong.push(`${name}: ${status} as ${media} is not described`);
    if (content.schema === undefined) return;
    const check = this.#check(content.schema);
    if (!check(body)) this.wrong.push(`${name}: ${status} ${this.#ajv.errorsText(check.errors)} in ${bytes.toString().slice(0, 300)}`);
  }

  #check(schema: object): ValidateFunction {
    const known = this.#compiled.get(schema);
    if (known !== undefined) return known;
    const made = this.#ajv.compile({...schema, components: this.#description.components});
    this.#compiled.set(schema, made);
    return made;
  }
}

function upgrade<T>(url: URL, token: string | undefined): Promise<Answer<T>> {
  url.protocol = 'ws:';
  const socket = new WebSocket(url, {headers: token === undefined ? {} : {authorization: `Bearer ${token}`}});
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      socket.terminate();
      resolve({status: 101, headers: {}, body: undefined as T, bytes: Buffer.alloc(0)});
    });
    socket.once('unexpected-response', (_asked, back) => {
      buffer(back).then(
        bytes => resolve({status: back.statusCode ?? 0, headers: back.headers, body: JSON.parse(bytes.toString()) as T, bytes}),
        reject,
      );
    });
  });
}
