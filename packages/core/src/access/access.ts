import {parseTicket, readPrivate, writePrivate, formatTicket, type Timing} from '../config/index.ts';
import {hashOf, type AccessRedis} from './access-redis.ts';
import {createDisplayTickets, type DisplayTickets} from './display-tickets.ts';
import {createGate, type TokenGate} from './gate.ts';
import type {Installation} from './installation.ts';
import {createInvitations, type Invitations} from './invitations.ts';
import {createSecrets, type Secrets} from './secrets.ts';
import {createTenants, type Tenants} from './tenants.ts';
import {createTokens, type Tokens} from './tokens.ts';
import {createWorkerIdentities, type WorkerIdentities} from './worker-identities.ts';

export interface AccessOptions {
  readonly redis: AccessRedis;
  readonly installation: Installation;
  /** Milliseconds since 1970 by Redis. */
  readonly now: () => number;
  readonly timing: Pick<Timing, 'authCache' | 'invitation'>;
  readonly onFault: (error: unknown) => void;
}

export interface Reachable {
  readonly addresses: readonly string[];
  readonly fingerprint: string | undefined;
  /** The way from this machine itself. */
  readonly local?: {readonly address: string; readonly fingerprint: string | undefined} | undefined;
}

/** Who may do what, and every secret by which that is known. */
export interface Access {
  readonly installation: Installation;
  readonly tokens: Tokens;
  readonly tenants: Tenants;
  readonly invitations: Invitations;
  readonly workers: WorkerIdentities;
  readonly secrets: Secrets;
  readonly gate: TokenGate;
  readonly displayTickets: DisplayTickets;
  now(): number;
  /** How this server is reached, for the lines it hands out; set once it listens. */
  reachable: Reachable;
  close(): void;
}

export function createAccess({redis, installation, now, timing, onFault}: AccessOptions): Access {
  const tokens = createTokens(redis, now);
  const workers = createWorkerIdentities(redis, installation, now);
  const operatorTenant = () => installation.tenants[0]?.id;
  const gate = createGate({tokens, operatorTenant, now, cacheMs: timing.authCache, onFault});
  return {
    installation,
    tokens,
    workers,
    gate,
    now,
    tenants: createTenants(redis, now),
    invitations: createInvitations(redis, workers, {now, validMs: timing.invitation}),
    secrets: createSecrets(redis, installation, now),
    displayTickets: createDisplayTickets(redis, now),
    reachable: {addresses: [], fingerprint: undefined},
    close: () => gate.close(),
  };
}

/**
 * What every start makes sure of: the tenants `BLOB_DIR` knows exist, and the file holds a valid owner token of the first one,
 * 0600, with today's address. A token of the file that Redis lost is made valid again. Idempotent; call after listening.
 */
export async function ensureFirstTenant(access: Access, localToken: string): Promise<{readonly tenant: string}> {
  const {installation, tenants, tokens} = access;
  const tenant = installation.tenants[0]!.id;
  // What a lost tenant allowed is not known any more, so others than the first come back strict enough for anyone.
  for (const each of installation.tenants) await tenants.ensure(each, each.id === tenant ? 'open' : 'standard');
  const line = readPrivate(localToken)?.trim();
  const secret = line === undefined ? undefined : secretOf(line);
  const known = secret === undefined ? undefined : await tokens.find(hashOf(secret));
  const isValid = known?.tenant === tenant && known.access === 'owner';
  const valid = isValid ? secret! : await localOwner(access, tenant, known === undefined ? secret : undefined);
  const {addresses, fingerprint, local} = access.reachable;
  const way = local ?? {address: addresses[0], fingerprint};
  if (way.address !== undefined)
    writePrivate(localToken, `${formatTicket({kind: 'bxt', addresses: [way.address], fingerprint: way.fingerprint, secret: valid})}\n`);
  return {tenant};
}

async function localOwner({tokens}: Access, tenant: string, secret: string | undefined): Promise<string> {
  const names = new Set((await tokens.list(tenant)).map(each => each.name));
  let name = 'local';
  for (let at = 2; names.has(name); at += 1) name = `local-${at}`;
  const made = await tokens.create({tenant, actor: 'server'}, {name, access: 'owner', secret});
  return made.secret;
}

function secretOf(line: string): string | undefined {
  try {
    return parseTicket(line, 'bxt').secret;
  } catch {
    return undefined;
  }
}

/** A token's secret as the line a person carries. */
export const tokenLine = ({reachable: {addresses, fingerprint}}: Access, secret: string): string =>
  formatTicket({kind: 'bxt', addresses, fingerprint, secret});
