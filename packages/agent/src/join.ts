import {request} from 'node:http';
import type {Duplex} from 'node:stream';
import {z} from 'zod';
import {files, parseTicket, paths, randomBase32, readPrivate, writePrivate, type Ticket} from '@boxyard/core/config';
import {BoxyardError, fromWire, isBoxyardError} from '@boxyard/core/errors';
import {readWorker, workerName, type WorkerFile} from './config.ts';
import {dial} from './dial.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface JoinRequest {
  /** The line a person was given: `bxi_<addresses>_<fingerprint>_<secret>`. */
  readonly invitation: string;
  readonly name: string;
  readonly hostname: string;
  readonly env: Env;
  /** Takes the place of a worker.json of another server; its journal and boxes are left as they are. */
  readonly replace?: boolean;
  readonly timeoutMs?: number;
}

const Redeemed = z.object({
  worker: z.string(),
  name: z.string(),
  tenant: z.string(),
  tenantName: z.string().default(''),
  credential: z.string(),
  installation: z.string(),
});
export type Joined = z.infer<typeof Redeemed> & {readonly url: string; readonly file: string};

/**
 * Redeems an invitation and writes worker.json. The server's key is checked against the invitation before anything is sent
 * (`WRONG_SERVER`). Idempotent per machine: its key is written before it is used, so a crash in between burns nothing.
 */
export async function join(asked: JoinRequest): Promise<Joined> {
  const ticket = parseTicket(asked.invitation, 'bxi');
  const known = readWorker(asked.env);
  const machine = machineKey(asked.env);
  const body = {secret: ticket.secret, machine, name: workerName(asked.name), hostname: asked.hostname.slice(0, 253)};
  const {address, answer} = await firstThatAnswers(ticket, asked, body);
  if (known && known.installation !== answer.installation && asked.replace !== true) {
    throw new BoxyardError('CONFLICT', {
      what: 'This machine',
      issue: `has already joined ${known.url}`,
      hint: 'boxyard worker join --replace',
    });
  }
  const url = `${ticket.fingerprint === undefined ? 'ws' : 'wss'}://${address}/ws/worker`;
  const {worker, tenant, credential, installation} = answer;
  const content: WorkerFile = {
    worker,
    tenant,
    credential,
    installation,
    url,
    ...(ticket.fingerprint === undefined ? {} : {fingerprint: ticket.fingerprint}),
  };
  const file = files(paths(asked.env)).worker;
  writePrivate(file, `${JSON.stringify(content, undefined, 2)}\n`);
  return {...answer, url, file};
}

function machineKey(env: Env): string {
  const file = `${paths(env).config}/machine-key`;
  const known = readPrivate(file)?.trim();
  if (known !== undefined && known.length >= 16) return known;
  const made = randomBase32(256);
  writePrivate(file, `${made}\n`);
  return made;
}

type Answered = {readonly address: string; readonly answer: z.infer<typeof Redeemed>};

/** A server that refuses has answered; only one that cannot be reached is passed over for the next address. */
async function firstThatAnswers(ticket: Ticket, asked: JoinRequest, body: object): Promise<Answered> {
  let last: unknown;
  for (const address of ticket.addresses) {
    try {
      return {address, answer: await redeem(address, ticket, {asked, body})};
    } catch (error) {
      if (isBoxyardError(error) && error.code !== 'WRONG_SERVER') throw error;
      last = isBoxyardError(last) ? last : error;
    }
  }
  if (isBoxyardError(last)) throw last;
  throw new BoxyardError(
    'SERVER_UNREACHABLE',
    {url: ticket.addresses.join(', '), why: last instanceof Error ? last.message : undefined},
    {cause: last},
  );
}

async function redeem(
  address: string,
  ticket: Ticket,
  {asked, body}: {asked: JoinRequest; body: object},
): Promise<z.infer<typeof Redeemed>> {
  const {hostname, port} = new URL(`http://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  const tls = ticket.fingerprint !== undefined;
  const timeoutMs = asked.timeoutMs ?? 15_000;
  const stream = await dial({
    host,
    port: Number(port) || (tls ? 443 : 80),
    tls,
    fingerprint: ticket.fingerprint,
    env: asked.env,
    timeoutMs,
  });
  const {status, text} = await post(stream, {address, timeoutMs, body: JSON.stringify(body)});
  const answer = parsed(text);
  const refusal = z.object({error: z.object({code: z.string(), message: z.string(), hint: z.string().optional()})}).safeParse(answer);
  if (refusal.success) throw fromWire(refusal.data.error);
  const made = Redeemed.safeParse(answer);
  if (status >= 200 && status < 300 && made.success) return made.data;
  throw new BoxyardError('SERVER_UNREACHABLE', {url: address, why: `what answers there is no Boxyard server (HTTP ${status})`});
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MOST_ANSWER = 64 * 1024;

function post(
  stream: Duplex,
  {address, timeoutMs, body}: {address: string; timeoutMs: number; body: string},
): Promise<{status: number; text: string}> {
  return new Promise((resolve, reject) => {
    const asked = request({
      createConnection: () => stream as never,
      method: 'POST',
      path: '/v1/invitations/redeem',
      headers: {host: address, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close'},
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.once('error', reject);
    asked.once('response', response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MOST_ANSWER) response.destroy(new Error('the answer is too long'));
      });
      response.once('error', reject);
      response.once('end', () => resolve({status: response.statusCode ?? 0, text}));
    });
    asked.end(body);
  });
}
