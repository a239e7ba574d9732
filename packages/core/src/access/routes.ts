import type {Access as AccessLevel, TokenView} from '../api/index.ts';
import {SecretName} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {pageOf, type Http} from '../rim/http.ts';
import {tokenLine, type Access} from './access.ts';
import {checkGrant} from './rules.ts';
import {viewOf} from './tokens.ts';

export interface ServerFacts {
  readonly version: string;
  /** Undefined where Redis is well. */
  redisTrouble(): Promise<{readonly isAway: boolean; readonly why: string} | undefined>;
}

/** Who the caller is, tokens and secrets. */
export function addAccessRoutes(http: Http, access: Access, server: ServerFacts): void {
  http.route('health', async () => {
    const facts = {version: server.version, installation: access.installation.id};
    const trouble = await server.redisTrouble();
    if (trouble === undefined) return {status: 'ok', ...facts, redis: 'ok'};
    return {status: 'degraded', ...facts, redis: trouble.isAway ? 'away' : 'ok', why: trouble.why};
  });
  http.route('whoami', async ({session}) => ({
    actor: session.actor,
    access: session.access,
    token: session.tokenName,
    tenant: {id: session.tenant, name: (await access.tenants.policy(session.tenant)).name},
    server: {version: server.version, installation: access.installation.id},
  }));
  addTokenRoutes(http, access);
  addSecretRoutes(http, access);
}

function addTokenRoutes(http: Http, access: Access): void {
  const {tokens, gate} = access;
  http.route('tokensCreate', async ({session, body}) => {
    checkGrant(session, body.access);
    return newToken(access, session, body);
  });
  http.route('tokensList', async ({session}) => pageOf({items: await tokens.list(session.tenant)}));
  http.route('tokensRevoke', async ({session, params}) => {
    const token = await tokens.get(session.tenant, params['token']!);
    checkGrant(session, token.access);
    const hash = await tokens.revoke(session, token.id);
    if (hash !== undefined) gate.revoked(hash);
  });
}

export async function newToken(
  access: Access,
  by: {readonly tenant: string; readonly actor: string},
  token: {readonly name: string; readonly access: AccessLevel; readonly expiresInMs?: number | undefined},
): Promise<TokenView> {
  const expiresAt = token.expiresInMs === undefined ? undefined : access.now() + token.expiresInMs;
  const {record, secret} = await access.tokens.create(by, {name: token.name, access: token.access, expiresAt});
  return {...viewOf(record), token: tokenLine(access, secret)};
}

function addSecretRoutes(http: Http, {secrets}: Access): void {
  http.route('secretsSet', ({session, params, body}) => {
    const name = SecretName.safeParse(params['secret']);
    if (!name.success) throw new BoxyardError('INVALID_INPUT', {field: 'secret', issue: 'letters, digits and . : / _ -; 1 to 200'});
    return secrets.set(session, name.data, body.value);
  });
  http.route('secretsList', async ({session}) => pageOf({items: await secrets.list(session.tenant)}));
  http.route('secretsRemove', ({session, params}) => secrets.remove(session, params['secret']!));
}
