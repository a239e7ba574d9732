import {isBoxyardError} from '../errors/index.ts';
import type {Session} from '../services.ts';
import type {TokenRecord, Tokens} from './tokens.ts';

/** What Redis last said about a token. */
export interface Verdicts {
  /** The session of a valid token, from the cache where it is fresh. */
  find(hash: string): Promise<Session | undefined>;
  /** Whether a stream that is open may stay: asks again, and while Redis is away believes the last verdict for 10 min (R16). */
  stillHolds(hash: string): Promise<boolean>;
  hashOf(session: Session): string | undefined;
  forget(hash: string): void;
}

export interface VerdictOptions {
  readonly tokens: Tokens;
  readonly operatorTenant: () => string | undefined;
  readonly now: () => number;
  readonly cacheMs: number;
}

interface Verdict {
  readonly session: Session;
  readonly at: number;
}

const AWAY_MS = 10 * 60_000;
const MOST_KEPT = 10_000;

export function createVerdicts({tokens, operatorTenant, now, cacheMs}: VerdictOptions): Verdicts {
  const verdicts = new Map<string, Verdict>();
  const hashes = new WeakMap<Session, string>();
  const isExpired = ({expiresAt}: {readonly expiresAt?: number | undefined}) => expiresAt !== undefined && expiresAt <= now();
  const isWithin = (verdict: Verdict, ms: number) => performance.now() - verdict.at < ms && !isExpired(verdict.session);
  const lookUp = async (hash: string): Promise<Session | undefined> => {
    const record = await tokens.find(hash);
    verdicts.delete(hash);
    if (record === undefined || isExpired(record)) return undefined;
    if (verdicts.size >= MOST_KEPT) verdicts.clear();
    const session = sessionOf(record, operatorTenant());
    hashes.set(session, hash);
    verdicts.set(hash, {session, at: performance.now()});
    return session;
  };
  return {
    async find(hash) {
      const known = verdicts.get(hash);
      return known !== undefined && isWithin(known, cacheMs) ? known.session : lookUp(hash);
    },
    async stillHolds(hash) {
      const last = verdicts.get(hash);
      try {
        return (await lookUp(hash)) !== undefined;
      } catch (error) {
        if (!isBoxyardError(error)) throw error;
        return last !== undefined && isWithin(last, AWAY_MS);
      }
    },
    hashOf: session => hashes.get(session),
    forget: hash => void verdicts.delete(hash),
  };
}

const sessionOf = (record: TokenRecord, operatorTenant: string | undefined): Session => ({
  tenant: record.tenant,
  actor: `token:${record.name}`,
  access: record.access,
  token: record.id,
  tokenName: record.name,
  expiresAt: record.expiresAt,
  isOperator: record.access === 'owner' && record.tenant === operatorTenant,
});
