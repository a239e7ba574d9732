import type {BoxyardEvent, Host, Reporter} from '@boxyard/core/plugin-api';
import {parseAllowed, type Allowed} from './allowed.ts';
import type {WebhookConfig} from './config.ts';
import {isNotConnected, whyOf} from './errors.ts';
import {post, type Answer} from './send.ts';
import {signed} from './sign.ts';
import {checkTarget, wrongUrl, type Resolve} from './target.ts';

export interface Outside {
  readonly resolve: Resolve;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Reported = Awaited<ReturnType<Reporter['report']>>;

const mostRetryMs = 3_600_000;

/** Posts each event as it is, signed, to the one address it was given. */
export function createWebhook(config: WebhookConfig, host: Host, {resolve, now}: Outside): Reporter {
  const allowed = config.allow.map(parseAllowed).filter(each => each !== undefined);
  const issue = wrongUrl(config.url, allowed);
  if (issue !== undefined) throw host.fault('invalid', `url: ${issue}`);
  const url = new URL(config.url);
  return {
    async report(event, signal) {
      const late = AbortSignal.timeout(config.timeoutMs);
      const stop = AbortSignal.any([signal, late]);
      try {
        return await within(stop, deliver(config, event, {url, allowed, resolve, now, signal: stop}));
      } catch (error) {
        if (late.aborted) return {why: `no answer within ${config.timeoutMs / 1_000} s`};
        signal.throwIfAborted();
        return {why: whyOf(error)};
      }
    },
  };
}

interface Delivering extends Outside {
  readonly url: URL;
  readonly allowed: readonly Allowed[];
  readonly signal: AbortSignal;
}

async function deliver(config: WebhookConfig, event: BoxyardEvent, {url, allowed, resolve, now, signal}: Delivering): Promise<Reported> {
  const checked = await checkTarget(url, allowed, resolve);
  if ('refused' in checked) return {why: checked.refused};
  const body = Buffer.from(JSON.stringify(event));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'boxyard-webhook/1',
    ...signed(event.id, Math.floor(now() / 1_000), body, config.secrets),
  };
  for (const [at, address] of checked.addresses.entries()) {
    try {
      return reportedOf(await post({url, address, headers, body, ca: config.ca, signal}), now());
    } catch (error) {
      if (!isNotConnected(error) || at === checked.addresses.length - 1) throw error;
    }
  }
  return {why: 'its name has no address'};
}

function reportedOf({status, retryAfter}: Answer, now: number): Reported {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  if (status >= 300 && status < 400) return {why: `it answered ${status}, a redirect, which is never followed`};
  const retryInMs = retryAfter === undefined ? undefined : retryMs(retryAfter, now);
  return {why: `it answered ${status}`, ...(retryInMs === undefined ? {} : {retryInMs})};
}

/** Seconds, or a date. */
function retryMs(text: string, now: number): number | undefined {
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), mostRetryMs) : undefined;
}

/** A name that is asked for cannot be called back, so it is only no longer waited for. */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const {promise, reject} = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason as Error);
  signal.addEventListener('abort', stop, {once: true});
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
