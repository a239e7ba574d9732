import {createHmac} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface Received {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: string;
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly seq: string;
    readonly subject: string;
    readonly data: {readonly v?: number};
  };
}

type Answer = (response: ServerResponse, received: Received, request: IncomingMessage) => void;

/** A receiver on a real socket. What it took, in order; how it answers may change at any time. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly got: Received[];
  answer: Answer;
}

export const ok: Answer = response => void response.writeHead(204).end();
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  response =>
    void response.writeHead(code, headers).end('no');

export async function startReceiver(answer: Answer = ok): Promise<Receiver> {
  const got: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const header = (name: string) => String(request.headers[name] ?? '');
      const received = {
        id: header('webhook-id'),
        timestamp: header('webhook-timestamp'),
        signature: header('webhook-signature'),
        body,
        event: JSON.parse(body) as Received['event'],
      };
      got.push(received);
      own.answer(response, received, request);
    });
    request.on('error', () => undefined);
    response.on('error', () => undefined);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  const own: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    got,
    answer,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return own;
}

/** By hand, from the public specification: base64 of HMAC-SHA256 over `id.timestamp.body`, one `v1,` for each secret. */
export function signaturesOf({id, timestamp, body}: Received, ...secrets: readonly string[]): string {
  const one = (secret: string) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return `v1,${createHmac('sha256', key)
      .update(Buffer.from(`${id}.${timestamp}.${body}`, 'utf8'))
      .digest('base64')}`;
  };
  return secrets.map(one).join(' ');
}
