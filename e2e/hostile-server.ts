import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import fc from 'fast-check';
import {pack} from 'tar-stream';
import {WebSocketServer, type WebSocket} from 'ws';
import {z} from 'zod';
import {EventView, JobView, contracts, routes, type Contract, type RouteName} from '@boxyard/core/api';

/** Everything a stranger could write, with marks by which what comes through is known. */
export const foreign = [
  'VISIBLE',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]0;TITLE\u0007',
  '\u001b]8;;https://evil.example\u001b\\LINK\u001b]8;;\u001b\\',
  '\u001b[38;5;213m',
  '\u001b[97A\u001b[9;99H\u001b[2J\u001b[3J',
  '\u001b[6n\u001b[0c\u001b[?1001h\u001b[?1049h',
  '\u001bP$q"p\u001b\\\u001b_Ga=d\u001b\\\u001b^x\u001b\\\u001bXy\u001b\\',
  '\u001bc\u001b(0\u001b#8',
  '\u009b97A\u009d0;TITLE\u009c\u0090x\u009c\u0085',
  '\u202eEDIRREVO\u202c\u2066\u2069\u061c\u200b\u200e\u2060\ufeff\u00ad',
  'GONE\b\b\b\b\u0007\u000e\u000f\u007f\rOVERWRITTEN',
  '\u0300\u0301\u0302日本語🙂\u{1F468}\u200d\u{1F469}\u200d\u{1F467}\n\u001b[97AAFTER\u001b]0;TITLE',
].join('');

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly pattern?: string;
  readonly format?: string;
}

/** The words a command goes on to show most after: what has ended, and where it runs. */
const telling: readonly unknown[] = ['ended', 'failed', 'offline', 'running', 'process'];
const moment = new Date(Date.now() - 60_000).toISOString();

/** A value that fits, with every field there is, and foreign wherever a string may be anything. */
export function filled(schema: Schema, name = ''): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return telling.find(each => schema.enum!.includes(each)) ?? schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return filled(choices.find(each => each.properties?.['code'] !== undefined) ?? choices[0]!, name);
  if (schema.type === 'object') {
    const more = typeof schema.additionalProperties === 'object' ? {[foreign]: filled(schema.additionalProperties, '')} : {};
    return {...Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, each]) => [key, filled(each, key)])), ...more};
  }
  if (schema.type === 'array') return [filled(schema.items ?? {}, name)];
  if (schema.type === 'string') return text(schema, name);
  if (schema.type === 'integer' || schema.type === 'number') return 1;
  return schema.type === 'boolean' ? false : foreign;
}

function text({pattern}: Schema, name: string): string {
  if (name === 'seq') return '1.1';
  if (/(^at|At|^time|^since)$/.test(name)) return moment;
  return pattern === undefined ? foreign : fc.sample(fc.stringMatching(new RegExp(pattern)), {numRuns: 1, seed: 7})[0]!;
}

export const fill = (schema: z.ZodType): Record<string, unknown> =>
  filled(z.toJSONSchema(schema, {io: 'output', unrepresentable: 'any'}) as Schema) as Record<string, unknown>;

export interface HostileServer extends AsyncDisposable {
  /** Answers every route as it is described. */
  readonly url: string;
}

/** A server whose every word is foreign: `refuses` all that is asked, or answers it. */
export async function serveForeign(refuses: boolean): Promise<HostileServer> {
  const server = createServer((request, response) => {
    request.resume();
    if (refuses) return json(response, 409, refusal);
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  const sockets = new WebSocketServer({noServer: true});
  server.on('upgrade', (request, socket, head) => {
    if (refuses)
      return socket.end(`HTTP/1.1 409 Conflict\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${JSON.stringify(refusal)}`);
    sockets.handleUpgrade(request, socket, head, ws => show(ws, nameOf('WS', request.url ?? '')));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const ws of sockets.clients) ws.terminate();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

const refusal = {
  error: {code: 'CONFLICT', message: foreign, hint: foreign, details: {what: foreign, issue: foreign, hint: foreign, name: foreign}},
};

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
};

function nameOf(method: string, url: string): RouteName | undefined {
  const path = url.split('?')[0]!;
  return (Object.keys(routes) as RouteName[]).find(
    name => routes[name].method === method && new RegExp(`^${routes[name].path.replace(/:\w+/g, '[^/]+')}$`).test(path),
  );
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = nameOf(request.method ?? '', request.url ?? '');
  if (name === undefined) return json(response, 404, refusal);
  const {response: schema, gives, status}: Contract = contracts[name];
  if (name === 'events') return events(response);
  if (gives === 'application/x-tar') return tar(response);
  if (gives !== undefined) return void response.writeHead(200, {'content-type': gives}).end(foreign);
  if (schema === undefined) return void response.writeHead(204).end();
  json(response, status ?? 200, fill(schema));
}

const types = ['job.ended', 'job.started', 'job.corrected', 'devbox.created', 'worker.joined', 'token.created', 'session.asks', foreign];

function events(response: ServerResponse): void {
  response.writeHead(200, {'content-type': 'text/event-stream'});
  for (const [at, type] of types.entries()) {
    const event = {...fill(EventView), type, seq: `1.${at + 1}`, data: {...fill(JobView), job: fill(JobView)}};
    response.write(`id: 1.${at + 1}\nevent: event\ndata: ${JSON.stringify(event)}\n\n`);
  }
}

function tar(response: ServerResponse): void {
  const entries = pack();
  response.writeHead(200, {'content-type': 'application/x-tar'});
  entries.pipe(response);
  entries.entry({name: `../${foreign.replaceAll('/', '')}`}, 'x');
  entries.finalize();
}

/** Output of a job on each stream, and its end. */
function show(ws: WebSocket, name: RouteName | undefined): void {
  ws.on('error', () => ws.terminate());
  const job = fill(JobView);
  ws.send(JSON.stringify({type: 'job', job}));
  if (name !== 'jobsAttach') return ws.close(1011, 'VISIBLE');
  for (const stream of [1, 2, 3]) {
    const head = Buffer.alloc(9);
    head.writeUInt8(stream, 0);
    ws.send(Buffer.concat([head, Buffer.from(`${foreign}\n`)]));
  }
  ws.send(JSON.stringify({type: 'end', job}));
}
