/** Posts one line of text about each event to a chat's incoming webhook: `{"text": "…"}`, as Slack, Mattermost and Rocket.Chat take it. */
import type {BoxyardEvent, Plugin, Reporter} from 'boxyard/plugin-api';

interface Config {
  readonly url: string;
  /** The owner's: which chats anybody may post to. What a person puts into a webhook's config cannot widen it. */
  readonly origins: readonly string[];
}

const mostText = 3_000;

const check = ({url, origins, ...others}: Partial<Record<string, unknown>>): readonly string[] => {
  const allowed = Array.isArray(origins) ? origins : [];
  const unknown = Object.keys(others).map(key => `unknown key ${key}`);
  if (typeof url !== 'string' || !URL.canParse(url)) return [...unknown, 'url: expected the address of an incoming webhook'];
  if (allowed.includes(new URL(url).origin)) return unknown;
  return [...unknown, `url: expected one of ${allowed.join(', ') || 'no origin, for the server’s config names none'}`];
};

/** What a chat takes for mark-up or a mention is shown as it is; control characters are left out. */
const plain = (value: unknown): string =>
  String(value ?? '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '@\u200b')
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');

function textOf({type, subject, actor, data}: BoxyardEvent): string {
  const {name, outcome, exit} = (data ?? {}) as {name?: unknown; outcome?: unknown; exit?: {code?: unknown}};
  const details = [name, outcome, exit?.code === undefined ? undefined : `code ${String(exit.code)}`].filter(each => each !== undefined);
  return `${plain(type)}: ${plain(subject)}${details.length === 0 ? '' : ` (${plain(details.join(', '))})`} by ${plain(actor)}`.slice(
    0,
    mostText,
  );
}

const waitOf = (retryAfter: string | null): {retryInMs?: number} => {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? {retryInMs: seconds * 1_000} : {};
};

const createReporter = ({url}: Config): Reporter => ({
  report: async (event, signal) => {
    try {
      const body = JSON.stringify({text: textOf(event)});
      const headers = {'content-type': 'application/json'};
      // A redirect could lead anywhere; nobody reads the body, which may have no end.
      const response = await fetch(url, {method: 'POST', headers, body, signal, redirect: 'manual'});
      await response.body?.cancel();
      if (response.ok) return 'delivered';
      if (response.status === 410) return 'gone';
      return {why: `the chat answered ${response.status}`, ...waitOf(response.headers.get('retry-after'))};
    } catch (error) {
      const {message, cause} = error as Error;
      return {why: `the chat cannot be reached: ${cause instanceof Error ? cause.message : message}`};
    }
  },
});

export default {
  kind: 'reporter',
  name: 'chat',
  api: {oldest: 1, newest: 1},
  config: {
    '~standard': {
      version: 1,
      vendor: 'example',
      validate: given => {
        const issues = check((given ?? {}) as Partial<Record<string, unknown>>);
        return issues.length === 0 ? {value: given as Config} : {issues: issues.map(message => ({message}))};
      },
    },
  },
  create: createReporter,
} satisfies Plugin<'reporter', Config>;
