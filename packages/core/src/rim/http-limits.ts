import {createHash} from 'node:crypto';
import {BoxyardError} from '../errors/index.ts';
import {householdOf} from './http-remote.ts';
import {createRateLimit, type RateLimitOptions} from './rate-limit.ts';

export interface Knock {
  readonly remote: string;
  /** Undefined on routes that need none. */
  readonly credential: string | undefined;
  readonly cost?: number;
}

/**
 * How often anybody may ask, in this process. A credential that was found good lately pays for itself, wherever it comes
 * from; everybody else pays by address, so that guessing and noise cost no look into Redis, and nobody's neighbour.
 */
export interface EdgeLimits {
  /** Before anything is looked up. `TOO_MANY_REQUESTS` with how long to wait. */
  enter(knock: Knock): void;
  /** What the look-up said. */
  proved(credential: string, isGood: boolean): void;
}

export interface EdgeLimitOptions {
  readonly perAddress?: RateLimitOptions | undefined;
  readonly perCredential?: RateLimitOptions | undefined;
}

/** Above what 5,000 agents behind one address need to come back at once, and 5,000 with a lost Redis every five minutes. */
const perAddress: RateLimitOptions = {burst: 12_000, perSecond: 200};
/** Above what one process serves in bulk. */
const perCredential: RateLimitOptions = {burst: 20_000, perSecond: 4_000};
const mostGood = 20_000;

export function createEdgeLimits(options: EdgeLimitOptions = {}): EdgeLimits {
  const addresses = createRateLimit(options.perAddress ?? perAddress);
  const credentials = createRateLimit(options.perCredential ?? perCredential);
  const good = new Set<string>();
  return {
    enter({remote, credential, cost = 1}) {
      const name = credential === undefined ? undefined : nameOf(credential);
      const isGood = name !== undefined && good.has(name);
      const wait = isGood ? credentials.take(name, cost) : addresses.take(householdOf(remote));
      if (wait === 0) return;
      const what = isGood ? 'requests with one credential' : 'requests from one address';
      throw new BoxyardError('TOO_MANY_REQUESTS', {what, retryAfter: Math.ceil(wait / 1_000)});
    },
    proved(credential, isGood) {
      const name = nameOf(credential);
      good.delete(name);
      if (!isGood) return;
      good.add(name);
      if (good.size > mostGood) good.delete(good.keys().next().value!);
    },
  };
}

const nameOf = (credential: string) => createHash('sha256').update(credential).digest('base64');
