import type {WebhookView} from '../api/index.ts';
import type {Progress} from './rules.ts';

/** An endpoint as Redis has it; `v` is first, and grows with every change that somebody made. */
export interface EndpointRecord {
  readonly v: number;
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly reporter: string;
  readonly events: readonly string[];
  /** What the plugin is told, encrypted: addresses of chats are secrets too. */
  readonly sealed: string;
  readonly actor: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface EndpointSecret {
  readonly secret: string;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
}

export interface EndpointConfig {
  readonly url?: string | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly secrets: readonly EndpointSecret[];
}

/** With a new one in front; of the others the newest goes on for `keepMs`. */
export const rotated = (
  secrets: readonly EndpointSecret[],
  {secret, keepMs, now}: {readonly secret: string; readonly keepMs: number; readonly now: number},
): readonly EndpointSecret[] => {
  const kept = keepMs === 0 ? [] : activeSecrets({secrets}, now).slice(0, 1);
  return [{secret, createdAt: now}, ...kept.map(each => ({...each, expiresAt: now + keepMs}))];
};

/** Newest first; at most two sign at one time. */
export const activeSecrets = ({secrets}: Pick<EndpointConfig, 'secrets'>, now: number): readonly EndpointSecret[] =>
  secrets.filter(({expiresAt}) => expiresAt === undefined || expiresAt > now).slice(0, 2);

/** What its plugin is given. */
export function pluginConfig(endpoint: EndpointConfig, now: number): Readonly<Record<string, unknown>> {
  if (endpoint.url === undefined) return endpoint.config ?? {};
  return {...endpoint.config, url: endpoint.url, secrets: activeSecrets(endpoint, now).map(({secret}) => secret)};
}

/** What else is known of an endpoint than its progress. */
export interface EndpointState extends Progress {
  readonly reason?: string | undefined;
  readonly disabledAt?: number | undefined;
  readonly failure?: string | undefined;
  readonly delivered: number;
  readonly deliveredAt?: number | undefined;
  readonly skipped: number;
}

type Fields = Readonly<Record<string, string | undefined>>;

export function stateOf(fields: Fields): EndpointState {
  const number = (name: string) => (fields[name] === undefined ? undefined : Number(fields[name]));
  return {
    cursor: fields['cursor'] ?? '0-0',
    enabled: fields['enabled'] === '1',
    tries: number('tries') ?? 0,
    since: number('since'),
    failingSince: number('failingSince'),
    nextAt: number('nextAt'),
    reason: fields['reason'],
    disabledAt: number('disabledAt'),
    failure: fields['failure'],
    delivered: number('delivered') ?? 0,
    deliveredAt: number('deliveredAt'),
    skipped: number('skipped') ?? 0,
  };
}

const isoOf = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

export function viewOf(
  record: EndpointRecord,
  state: EndpointState,
  more: {readonly config: EndpointConfig; readonly deadLetters: number; readonly behind: number; readonly now: number},
): WebhookView {
  const isFailing = state.enabled && state.tries > 0;
  const {config} = more;
  return {
    id: record.id,
    name: record.name,
    tenant: record.tenant,
    reporter: record.reporter,
    url: config.url,
    config: config.config,
    events: [...record.events],
    state: state.enabled ? (isFailing ? 'failing' : 'active') : 'disabled',
    reason: state.enabled ? (isFailing ? state.failure : undefined) : state.reason,
    disabledAt: state.enabled ? undefined : isoOf(state.disabledAt),
    failingSince: isoOf(state.failingSince),
    nextTryAt: state.enabled ? isoOf(state.nextAt) : undefined,
    tries: state.tries,
    cursor: state.cursor.replace('-', '.'),
    behind: more.behind,
    delivered: state.delivered,
    deliveredAt: isoOf(state.deliveredAt),
    deadLetters: more.deadLetters,
    skipped: state.skipped,
    secrets: activeSecrets(config, more.now).map(({createdAt, expiresAt}) => ({
      createdAt: isoOf(createdAt)!,
      ...(expiresAt === undefined ? {} : {expiresAt: isoOf(expiresAt)!}),
    })),
    actor: record.actor,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    v: record.v,
  };
}
