/** A reporter that posts each event as JSON: a place to start from. `boxyard plugins verify` says what broke. */
import type {Plugin, Reporter} from 'boxyard/plugin-api';

interface Config {
  readonly url: string;
  /** The owner's, in the server's config file: where anybody may post to. What a person puts into a webhook's config cannot widen it. */
  readonly origins: readonly string[];
}

/** Any validator that speaks Standard Schema will do, such as zod; this one needs no package. */
const problems = ({url, origins, ...others}: Partial<Record<string, unknown>>): readonly string[] => {
  const allowed = Array.isArray(origins) ? origins : [];
  const unknown = Object.keys(others).map(key => `unknown key ${key}`);
  if (typeof url !== 'string' || !URL.canParse(url)) return [...unknown, 'url: expected an address'];
  return allowed.includes(new URL(url).origin) ? unknown : [...unknown, `url: expected one of ${allowed.join(', ')}`];
};

const waitOf = (retryAfter: string | null): {retryInMs?: number} => {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? {retryInMs: seconds * 1_000} : {};
};

/** One call at a time, in order; what was not delivered comes again. Only surprises reject. */
const createReporter = ({url}: Config): Reporter => ({
  report: async (event, signal) => {
    try {
      const headers = {'content-type': 'application/json'};
      const response = await fetch(url, {method: 'POST', headers, body: JSON.stringify(event), signal, redirect: 'manual'});
      await response.body?.cancel();
      if (response.ok) return 'delivered';
      if (response.status === 410) return 'gone';
      return {why: `it answered ${response.status}`, ...waitOf(response.headers.get('retry-after'))};
    } catch (error) {
      return {why: `it cannot be reached: ${(error as Error).message}`};
    }
  },
});

export default {
  kind: 'reporter',
  name: 'my-plugin',
  api: {oldest: 1, newest: 1},
  config: {
    '~standard': {
      version: 1,
      vendor: 'my-plugin',
      validate: given => {
        const issues = problems((given ?? {}) as Partial<Record<string, unknown>>);
        return issues.length === 0 ? {value: given as Config} : {issues: issues.map(message => ({message}))};
      },
    },
  },
  create: createReporter,
} satisfies Plugin<'reporter', Config>;
