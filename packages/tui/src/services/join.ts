import {hostname} from 'node:os';
import {addressOf, createClient, type Client} from '@boxyard/core/client';
import {files, parseTicket, randomBase32, readPrivate, writePrivate, type Paths, type Ticket} from '@boxyard/core/config';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';

/** What a machine keeps of the server it joined; the agent reads it. */
export interface WorkerFile {
  readonly worker: string;
  readonly tenant: string;
  readonly credential: string;
  readonly installation: string;
  readonly url: string;
  readonly fingerprint?: string | undefined;
}

export interface JoinOptions {
  readonly paths: Paths;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly name: string;
}

export interface Joined {
  readonly file: WorkerFile;
  readonly name: string;
  readonly tenantName: string;
}

export function readWorkerFile(paths: Paths): WorkerFile | undefined {
  const file = files(paths).worker;
  const text = readPrivate(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as WorkerFile;
  } catch (cause) {
    throw new BoxyardError(
      'CONFIG_INVALID',
      {file, issue: 'it is not what boxyard worker join writes', hint: 'boxyard worker join'},
      {cause},
    );
  }
}

/**
 * Redeems an invitation at the first of its addresses that answers and keeps the credential. Doing it again with the same
 * invitation is safe: the machine's own key makes it the same worker. Nothing is sent to a server with another fingerprint.
 */
export async function join(line: string, options: JoinOptions): Promise<Joined> {
  const ticket = parseTicket(line, 'bxi');
  let last: unknown;
  for (const address of ticket.addresses) {
    const client = createClient({
      server: addressOf(address, ticket.fingerprint),
      token: '-',
      fingerprint: ticket.fingerprint,
      env: options.env,
    });
    try {
      return await redeem(client, ticket, options);
    } catch (error) {
      if (!isUnreachable(error)) throw wrongServer(error);
      last = error;
    } finally {
      client.close();
    }
  }
  throw last;
}

async function redeem(client: Client, ticket: Ticket, {paths, name}: JoinOptions): Promise<Joined> {
  const body = {secret: ticket.secret, machine: machineKey(paths), name, hostname: hostname()};
  const view = await client.invitationsRedeem({body});
  const file: WorkerFile = {
    worker: view.worker,
    tenant: view.tenant,
    credential: view.credential,
    installation: view.installation,
    url: `${client.server.replace(/^http/, 'ws')}/ws/worker`,
    fingerprint: ticket.fingerprint,
  };
  writePrivate(files(paths).worker, `${JSON.stringify(file, null, 2)}\n`);
  return {file, name: view.name, tenantName: view.tenantName};
}

/** A random key this machine shows whenever it redeems, made once. */
export function machineKey(paths: Paths): string {
  const file = `${files(paths).worker.replace(/worker\.json$/, '')}machine-key`;
  const found = readPrivate(file)?.trim();
  if (found !== undefined && found.length >= 16) return found;
  const key = randomBase32(256);
  writePrivate(file, `${key}\n`);
  return key;
}

const isUnreachable = (error: unknown) => isBoxyardError(error) && (error.code === 'SERVER_UNREACHABLE' || error.code === 'NO_SERVER');

const wrongServer = (error: unknown): unknown =>
  isBoxyardError(error) && error.code === 'WRONG_SERVER' ? new BoxyardError('WRONG_SERVER', {...error.details, what: 'invitation'}) : error;

/** A machine's name as the server takes names. */
export const workerName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63) || 'worker';
