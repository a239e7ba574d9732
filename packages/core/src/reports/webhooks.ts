import {setTimeout as delay} from 'node:timers/promises';
import type {z} from 'zod';
import type {CreateWebhookRequest, CreatedWebhookView, DeliveryView, UpdateWebhookRequest, WebhookView} from '../api/index.ts';
import {newSigningSecret} from '../access/sealed.ts';
import {newId} from '../config/index.ts';
import {BoxyardError, isBoxyardError} from '../errors/index.ts';
import type {EventStore} from '../events/store.ts';
import {iso} from '../rim/clock.ts';
import type {Caller, WebhookService} from '../services.ts';
import {countAfter, testEvent} from './rules.ts';
import {pluginConfig, rotated, viewOf, type EndpointConfig, type EndpointRecord} from './rules-record.ts';
import type {Extra, Letters} from './store.ts';
import type {Endpoint, EndpointStore} from './store-endpoints.ts';
import type {Vault} from './vault.ts';

export interface WebhookDeps {
  readonly endpoints: EndpointStore;
  readonly letters: Letters;
  readonly events: Pick<EventStore, 'newest'>;
  readonly vault: Vault;
  readonly now: () => number;
  /** Whether the plugin takes the config; `PLUGIN_CONFIG`, `NOT_FOUND`. */
  readonly check: (reporter: string, config: unknown) => Promise<void>;
  readonly forget: (id: string) => void;
  /** Rings for an endpoint; `isNew`: it came or went. */
  readonly ring: (id: string, isNew?: boolean) => void;
  readonly testMs: number;
}

const signing = 'webhook';
const usualKeepMs = 86_400_000;
const pollMs = 50;
const ofTrouble = ['tries', 'since', 'failingSince', 'nextAt', 'failure', 'reason', 'disabledAt'];

export function createWebhookService(deps: WebhookDeps): WebhookService {
  const {endpoints, letters} = deps;
  const shown = async (tenant: string, id: string) => showEndpoint(deps, await endpoints.get(tenant, id));
  return {
    ...changing(deps, shown),
    ...sending(deps),
    list: async tenant => ({items: await Promise.all((await endpoints.list(tenant)).map(each => showEndpoint(deps, each)))}),
    show: shown,
    deliveries: async (tenant, webhook, limit) => ({
      items: await letters.deliveries((await endpoints.get(tenant, webhook)).record.id, limit),
    }),
    deadLetters: async (tenant, webhook) => ({
      items: (await letters.dead((await endpoints.get(tenant, webhook)).record.id)).map(({letter}) => letter),
    }),
  };
}

async function showEndpoint({vault, events, now}: WebhookDeps, {record, state, deadLetters}: Endpoint): Promise<WebhookView> {
  const behind = countAfter(await events.newest(record.tenant), state.cursor);
  return viewOf(record, state, {config: vault.open(record), deadLetters, behind, now: now()});
}

type Changing = Pick<WebhookService, 'create' | 'update' | 'remove' | 'enable' | 'disable' | 'rotate'>;

function changing(deps: WebhookDeps, shown: (tenant: string, id: string) => Promise<WebhookView>): Changing {
  const {endpoints, now} = deps;
  return {
    create: (caller, request) => create(deps, caller, request, shown),
    update: async (caller, webhook, request) => shown(caller.tenant, await update(deps, caller, webhook, request)),
    async remove({tenant, actor}, webhook) {
      // Somebody may change it at the same time; what is wanted is that it goes.
      for (let tries = 1; ; tries += 1) {
        const {record} = await endpoints.get(tenant, webhook);
        deps.forget(record.id);
        if (!(await endpoints.remove(record, actor)) && tries < 5) continue;
        return deps.ring(record.id, true);
      }
    },
    async enable({tenant, actor}, webhook, {skip = false}) {
      const {record} = await endpoints.get(tenant, webhook);
      const cursor = skip ? {cursor: await deps.events.newest(tenant)} : {};
      const by = {actor, type: 'webhook.enabled', data: {name: record.name, skip}, set: {enabled: 1, ...cursor}, clear: ofTrouble};
      await endpoints.change(record, {...record, updatedAt: iso(now())}, by);
      deps.ring(record.id);
      return shown(tenant, record.id);
    },
    async disable({tenant, actor}, webhook) {
      const {record, state} = await endpoints.get(tenant, webhook);
      if (!state.enabled) return shown(tenant, record.id);
      const set = {enabled: 0, reason: `switched off by ${actor}`, disabledAt: now()};
      await endpoints.change(
        record,
        {...record, updatedAt: iso(now())},
        {actor, type: 'webhook.disabled', data: {name: record.name, reason: set.reason}, set},
      );
      return shown(tenant, record.id);
    },
    async rotate(caller, webhook, {secret = newSigningSecret(), keepMs = usualKeepMs}) {
      const id = await rotate(deps, caller, webhook, {secret, keepMs});
      return {...(await shown(caller.tenant, id)), secret};
    },
  };
}

async function create(
  deps: WebhookDeps,
  {tenant, actor}: Caller,
  request: z.infer<typeof CreateWebhookRequest>,
  shown: (tenant: string, id: string) => Promise<WebhookView>,
): Promise<CreatedWebhookView> {
  const {vault, now, endpoints, events} = deps;
  const {name, url, config, events: patterns = ['*'], reporter = signing} = request;
  checkFields(reporter, request);
  if (reporter === signing && url === undefined) throw new BoxyardError('INVALID_INPUT', {field: 'url', issue: 'is missing'});
  const secret = reporter === signing ? (request.secret ?? newSigningSecret()) : undefined;
  const told: EndpointConfig = {url, config, secrets: secret === undefined ? [] : [{secret, createdAt: now()}]};
  await checkConfig(deps, reporter, told);
  const at = iso(now());
  const own = {id: newId('h'), tenant};
  const sealed = vault.seal(own, told);
  const record: EndpointRecord = {v: 1, ...own, name, reporter, events: patterns, sealed, actor, createdAt: at, updatedAt: at};
  await endpoints.create(record, await events.newest(tenant));
  deps.ring(record.id, true);
  const view = await shown(tenant, record.id);
  return secret === undefined ? view : {...view, secret};
}

async function update(
  deps: WebhookDeps,
  {tenant, actor}: Caller,
  webhook: string,
  {name, url, config, events}: z.infer<typeof UpdateWebhookRequest>,
): Promise<string> {
  const {endpoints, vault, now} = deps;
  if ([name, url, config, events].every(each => each === undefined))
    throw new BoxyardError('INVALID_INPUT', {field: 'what to change', issue: 'is missing'});
  const {record} = await endpoints.get(tenant, webhook);
  const before = vault.open(record);
  checkFields(record.reporter, {url, config});
  const after: EndpointConfig = {...before, ...(url === undefined ? {} : {url}), ...(config === undefined ? {} : {config})};
  if (url !== undefined || config !== undefined) await checkConfig(deps, record.reporter, after);
  const changed = {...record, name: name ?? record.name, events: events ?? record.events, updatedAt: iso(now())};
  const data = {name: changed.name, events: changed.events, hasNewTarget: url !== undefined || config !== undefined};
  await endpoints.change(record, {...changed, sealed: vault.seal(record, after)}, {actor, type: 'webhook.changed', data});
  deps.ring(record.id);
  return record.id;
}

async function rotate(
  {endpoints, vault, now, ring}: WebhookDeps,
  {tenant, actor}: Caller,
  webhook: string,
  {secret, keepMs}: {readonly secret: string; readonly keepMs: number},
): Promise<string> {
  const {record} = await endpoints.get(tenant, webhook);
  if (record.reporter !== signing)
    throw new BoxyardError('CONFLICT', {what: `Webhook ${record.name}`, issue: 'has no secret: its reporter signs nothing'});
  const before = vault.open(record);
  const after = {...before, secrets: rotated(before.secrets, {secret, keepMs, now: now()})};
  const changed = {...record, updatedAt: iso(now()), sealed: vault.seal(record, after)};
  await endpoints.change(record, changed, {actor, type: 'webhook.rotated', data: {name: record.name, keepMs}});
  ring(record.id);
  return record.id;
}

/** An address and a secret are what `webhook` takes; every other plugin has a config of its own. */
function checkFields(reporter: string, given: {readonly url?: unknown; readonly config?: unknown; readonly secret?: unknown}): void {
  const wrong = (reporter === signing ? (['config'] as const) : (['url', 'secret'] as const)).find(field => given[field] !== undefined);
  if (wrong !== undefined) throw new BoxyardError('INVALID_INPUT', {field: wrong, issue: `the reporter ${reporter} takes none`});
}

async function checkConfig({check, now}: WebhookDeps, reporter: string, config: EndpointConfig): Promise<void> {
  try {
    await check(reporter, pluginConfig(config, now()));
  } catch (error) {
    if (!isBoxyardError(error)) throw error;
    if (error.code === 'NOT_FOUND')
      throw new BoxyardError('INVALID_INPUT', {field: 'reporter', issue: `there is none called ${reporter}`, hint: error.hint});
    if (error.code !== 'PLUGIN_CONFIG') throw error;
    const field = reporter === signing ? 'url' : 'config';
    const issue = String(error.details['issue'] ?? error.message).replace(/^url: /, '');
    throw new BoxyardError('INVALID_INPUT', {field, issue}, {cause: error});
  }
}

function sending(deps: WebhookDeps): Pick<WebhookService, 'test' | 'redeliver'> {
  const {endpoints, letters, now} = deps;
  const push = async (id: string, extras: readonly Extra[]) => {
    if (!(await letters.push(id, extras))) throw new BoxyardError('LIMIT_REACHED', {limit: 1_000, what: 'deliveries that wait'});
    deps.ring(id);
  };
  return {
    async test({tenant, actor}, webhook) {
      const {record} = await endpoints.get(tenant, webhook);
      const event = testEvent(record, {id: newId('e'), time: iso(now()), actor});
      await push(record.id, [{kind: 'test', event}]);
      return waitForDelivery(deps, record.id, {event: event.id, type: event.type});
    },
    async redeliver({tenant}, webhook, request) {
      const {id} = (await endpoints.get(tenant, webhook)).record;
      const dead = await letters.dead(id);
      if ('deadLetters' in request) {
        await push(
          id,
          dead.toReversed().map(({event, place}) => ({kind: 'redelivery', event, dead: place})),
        );
        return {queued: dead.length};
      }
      const letter = dead.find(each => each.event.id === request.event);
      const extra = letter === undefined ? await sentBefore(deps, {id, tenant}, request.event) : {event: letter.event, dead: letter.place};
      await push(id, [{kind: 'redelivery', ...extra}]);
      return {queued: 1};
    },
  };
}

/** An event of the delivery log, or one named by its place in the stream. */
async function sentBefore(
  {letters}: WebhookDeps,
  {id, tenant}: {id: string; tenant: string},
  event: string,
): Promise<Pick<Extra, 'event'>> {
  const seq = /^\d+\.\d+$/.test(event) ? event : (await letters.deliveries(id, 200)).find(each => each.event === event)?.seq;
  const found = seq === undefined ? undefined : await letters.event(tenant, seq);
  if (found !== undefined) return {event: found};
  const hint = 'Events of its last 200 deliveries and its dead letters can be sent again, and any that is kept by its seq.';
  throw new BoxyardError('NOT_FOUND', {what: 'event', name: event, hint});
}

async function waitForDelivery(
  {letters, testMs, now}: WebhookDeps,
  id: string,
  {event, type}: {readonly event: string; readonly type: string},
): Promise<DeliveryView> {
  const began = now();
  const end = performance.now() + testMs;
  for (;;) {
    const found = (await letters.deliveries(id, 50)).find(each => each.event === event);
    if (found !== undefined) return found;
    if (performance.now() > end) break;
    await delay(pollMs);
  }
  const why = 'it was not its turn yet; it is sent as soon as it is, and stands among the deliveries';
  return {event, type, at: iso(began), ms: testMs, kind: 'test', outcome: 'failed', why, tries: 0};
}
