import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import type {Gate} from '../rim/http.ts';
import type {Session} from '../services.ts';
import {hashOf} from './access-redis.ts';
import {authorise} from './rules.ts';
import type {TokenRecord, Tokens} from './tokens.ts';

export interface GateOptions {
  readonly tokens: Tokens;
  /** The tenant whose owners are operators. */
  readonly operatorTenant: () => string | undefined;
  readonly now: () => number;
  /** How long a verdict is believed without asking Redis again. */
  readonly cacheMs: number;
  readonly onFault: (error: unknown) => void;
}

/** Revocations reach every open stream of this server at once, of another server within `cacheMs`. */
export interface TokenGate extends Gate {
  revoked(hash: string): void;
  close(): void;
}

interface Verdict {
  readonly session: Session;
  readonly at: number;
}

interface Held {
  readonly hash: string;
  readonly end: (error: BoxyardError) => void;
}

const MOST_STREAMS = 512;
/** While Redis is away, streams already open keep their last verdict this long (R16). */
const AWAY_MS = 10 * 60_000;
const USED_EVERY_MS = 60_000;
const nobody: Session = {tenant: '', actor: 'nobody', access: 'viewer', token: '', tokenName: '', isOperator: false};

export function createGate(options: GateOptions): TokenGate {
  const verdicts = new Map<string, Verdict>();
  const held = new Set<Held>();
  const hashes = new WeakMap<Session, string>();
  const used = new Map<string, number>();
  const timer = setInterval(() => void recheck().catch(options.onFault), options.cacheMs / 2);
  timer.unref();

  const lookUp = async (hash: string): Promise<Session | undefined> => {
    const record = await options.tokens.find(hash);
    if (record === undefined || isExpired(record, options.now())) {
      verdicts.delete(hash);
      return undefined;
    }
    const session = sessionOf(record, options.operatorTenant());
    hashes.set(session, hash);
    verdicts.set(hash, {session, at: performance.now()});
    return session;
  };
  const find = async (hash: string): Promise<Session | undefined> => {
    const known = verdicts.get(hash);
    const isFresh = known !== undefined && performance.now() - known.at < options.cacheMs && !isExpired(known.session, options.now());
    return isFresh ? known.session : lookUp(hash);
  };
  const note = (session: Session) => {
    const now = options.now();
    if (now - (used.get(session.token) ?? 0) < USED_EVERY_MS) return;
    used.set(session.token, now);
    void options.tokens.used(session.token, now).catch(options.onFault);
  };
  const endAll = (hash: string) => {
    for (const each of held) if (each.hash === hash) each.end(new BoxyardError('UNAUTHENTICATED'));
  };
  const recheck = async () => {
    const open = new Set(Array.from(held, each => each.hash));
    for (const hash of verdicts.keys()) if (!open.has(hash) && performance.now() - verdicts.get(hash)!.at > AWAY_MS) verdicts.delete(hash);
    await Promise.all(Array.from(open, async hash => (await stillHolds(hash)) || endAll(hash)));
  };
  const stillHolds = async (hash: string): Promise<boolean> => {
    const last = verdicts.get(hash);
    try {
      return (await lookUp(hash)) !== undefined;
    } catch (error) {
      if (!isBoxyardError(error)) throw error;
      return last !== undefined && !isExpired(last.session, options.now()) && performance.now() - last.at < AWAY_MS;
    }
  };

  return {
    async admit(bearer, verb) {
      if (verb === 'none') return nobody;
      const session = bearer === undefined ? undefined : await find(hashOf(bearer));
      authorise(session, verb);
      note(session!);
      return session!;
    },
    hold(session, end) {
      const hash = hashes.get(session);
      if (hash === undefined) return () => undefined;
      const count = Array.from(held).filter(each => each.hash === hash).length;
      if (count >= MOST_STREAMS) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'open streams of one token'});
      const entry: Held = {hash, end};
      held.add(entry);
      return () => void held.delete(entry);
    },
    revoked(hash) {
      verdicts.delete(hash);
      endAll(hash);
    },
    close: () => clearInterval(timer),
  };
}

const isExpired = ({expiresAt}: {readonly expiresAt?: number | undefined}, now: number) => expiresAt !== undefined && expiresAt <= now;

const sessionOf = (record: TokenRecord, operatorTenant: string | undefined): Session => ({
  tenant: record.tenant,
  actor: `token:${record.name}`,
  access: record.access,
  token: record.id,
  tokenName: record.name,
  expiresAt: record.expiresAt,
  isOperator: record.access === 'owner' && record.tenant === operatorTenant,
});
