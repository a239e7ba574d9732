import {readFileSync} from 'node:fs';
import {files, readPrivate, type Paths} from '@boxyard/core/config';
import {createClient, type Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {findUp} from './up-file.ts';

export interface ConnectionOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paths: Paths;
  readonly server?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** The client sends nothing that changes anything. */
  readonly isDryRun?: boolean | undefined;
}
/** Where the server is and what opens it. `origin` says who told us, for `info` and `config list --show-origin`. */
export interface Target {
  readonly server: string | undefined;
  readonly token: string;
  readonly fingerprint?: string | undefined;
  /** Somebody gave the address, by flag, variable, setting or login; else it is that of `boxyard up`. */
  readonly isNamed: boolean;
  readonly origin: 'environment' | 'login' | 'boxyard up';
}
export interface Connection {
  readonly client: Client;
  readonly target: Target;
}

/** Makes a client; no byte is sent before the first call. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const target = findTarget(options);
  if (target === undefined) throw new BoxyardError('NO_SERVER');
  const {env, timeoutMs, isDryRun} = options;
  const client = createClient({...target, env, requestTimeoutMs: timeoutMs, isNamed: target.isNamed, isDryRun});
  return {client, target};
}

/** A token of the environment, else the one of `boxyard login`, else the one that `boxyard up` made on this machine. */
export function findTarget({env, paths, server}: ConnectionOptions): Target | undefined {
  const address = checkAddress(server ?? env['BOXYARD_SERVER']);
  const up = findUp(paths)?.url;
  const token = tokenOfEnvironment(env);
  const isNamed = address !== undefined && address !== up;
  if (token !== undefined) {
    const isLine = token.startsWith('bxt_');
    return {server: address ?? (isLine ? undefined : up), token, isNamed: isNamed || isLine, origin: 'environment'};
  }
  const login = readLogin(paths);
  if (login !== undefined && (address === undefined || address === login.server)) return {...login, isNamed: true, origin: 'login'};
  const local = readPrivate(files(paths).localToken)?.trim();
  if (local !== undefined && isHere(address, up)) return {server: address ?? up, token: local, isNamed, origin: 'boxyard up'};
  if (address !== undefined) throw new BoxyardError('UNAUTHENTICATED', {server: address});
  return undefined;
}

function checkAddress(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return address;
  throw new BoxyardError('INVALID_INPUT', {
    field: 'server',
    issue: `expected http://… or https://…, got ${address === '' ? 'nothing' : address}`,
    hint: '',
  });
}

/** The owner's token of this machine is never sent to another one, whatever address was given. */
function isHere(address: string | undefined, up: string | undefined): boolean {
  if (address === undefined || (up !== undefined && new URL(address).origin === new URL(up).origin)) return true;
  return ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(address).hostname);
}

function tokenOfEnvironment(env: ConnectionOptions['env']): string | undefined {
  if (env['BOXYARD_TOKEN']) return env['BOXYARD_TOKEN'].trim();
  const file = env['BOXYARD_TOKEN_FILE'];
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new BoxyardError('CONFIG_INVALID', {file, issue: 'the token file cannot be read', hint: ''}, {cause});
  }
}

export interface Login {
  readonly server: string;
  readonly token: string;
  readonly fingerprint?: string | undefined;
}

export function readLogin(paths: Paths): Login | undefined {
  const file = files(paths).credentials;
  const text = readPrivate(file);
  if (text === undefined) return undefined;
  try {
    const login = JSON.parse(text) as Partial<Login>;
    if (typeof login.server === 'string' && typeof login.token === 'string') return login as Login;
  } catch {
    // Said below, as for a file of another shape.
  }
  throw new BoxyardError('CONFIG_INVALID', {file, issue: 'it is not what boxyard login writes', hint: 'boxyard login'});
}
