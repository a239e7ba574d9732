import {randomUUID} from 'node:crypto';
import type {z} from 'zod';
import type {CreateDevBoxRequest, DeliveryView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {countOf, parsePairs, parseSize} from '../output/amounts.ts';
import {deliveryText} from '../output/views/webhooks.ts';
import type {Deed, DevBoxForm} from './deeds.ts';

export interface DeedParts {
  readonly client: Client;
  /** The person's default image, as the command line takes it at this moment. */
  readonly image: () => Promise<string | undefined>;
  readonly setSetting: (key: string, value: string) => Promise<void>;
}

/** What came of it, as far as a person is to be told at once; the rest comes as events. */
export interface DeedDone {
  /** Shown as it is, and worth copying: the line of an invitation. */
  readonly text?: string | undefined;
  /** What a person should know beside it. */
  readonly note?: string | undefined;
  /** The job that does it. */
  readonly job?: string | undefined;
}

/** Asks the server for it, once: each has a key of its own. Rejects with BoxyardError. */
export async function performDeed(deed: Deed, parts: DeedParts): Promise<DeedDone> {
  const {client} = parts;
  const key = randomUUID();
  switch (deed.do) {
    case 'run': {
      const image = deed.image ?? (await parts.image());
      const body = {command: [...deed.command], ...(image === undefined ? {} : {image})};
      return jobOf(client.jobsCreate({body, key}));
    }
    case 'exec':
      return jobOf(client.devboxesExec({devbox: deed.devbox, body: {command: [...deed.command], background: true}, key}));
    case 'devboxes.create': {
      const body = createBody(deed.request, deed.request.engine === 'process' ? undefined : await parts.image());
      return jobOf(client.devboxesCreate({body, key}).then(({job}) => job));
    }
    case 'devboxes.start':
      return jobOf(client.devboxesStart({devbox: deed.devbox, key}));
    case 'devboxes.stop':
      return jobOf(client.devboxesStop({devbox: deed.devbox, body: {}, key}));
    case 'devboxes.remove':
    case 'devboxes.remove-now': {
      const body = deed.do === 'devboxes.remove' ? {} : {now: true};
      return {job: (await client.devboxesRemove({devbox: deed.devbox, body, key})).job?.id};
    }
    case 'devboxes.restore':
      return nothing(client.devboxesRestore({devbox: deed.devbox}));
    case 'devboxes.snapshot':
      return jobOf(client.devboxesSnapshot({devbox: deed.devbox, body: {name: deed.image}, key}));
    case 'jobs.cancel':
      return nothing(client.jobsCancel({job: deed.job, body: {}}));
    case 'jobs.retry':
      return jobOf(client.jobsRetry({job: deed.job, body: {}, key}));
    case 'displays.close':
      return nothing(client.jobsCancel({job: deed.job, body: {reason: 'closed'}}));
    case 'terminals.close':
      return nothing(client.jobsCancel({job: deed.terminal, body: {reason: 'closed'}}));
    default:
      return performElsewhere(deed, key, parts);
  }
}

type Elsewhere = Extract<Deed, {do: `workers.${string}` | `images.${string}` | `clusters.${string}` | `webhooks.${string}` | 'config.set'}>;

async function performElsewhere(deed: Elsewhere, key: string, {client, setSetting}: DeedParts): Promise<DeedDone> {
  switch (deed.do) {
    case 'workers.cordon':
    case 'workers.uncordon':
      return nothing(client.workersCordon({worker: deed.worker, body: {on: deed.do === 'workers.cordon'}}));
    case 'workers.drain':
    case 'workers.undrain':
      return nothing(client.workersDrain({worker: deed.worker, body: {on: deed.do === 'workers.drain'}}));
    case 'workers.remove':
      return nothing(client.workersRemove({worker: deed.worker}));
    case 'workers.label':
      return nothing(client.workersLabel({worker: deed.worker, body: labelsBody(deed.labels)}));
    case 'workers.invite': {
      const invitation = await client.invitationsCreate({body: deed.name === undefined ? {} : {name: deed.name}});
      const isLocal = invitation.addresses.every(address => /^(127\.|localhost|\[::1\])/.test(address));
      const note = 'It leads to this machine alone; ! workers invite offers to listen beyond it.';
      return {text: `Invitation: ${invitation.line}`, ...(isLocal ? {note} : {})};
    }
    case 'images.pull':
      return jobOf(client.imagesPull({body: {ref: deed.ref, ...(deed.worker === undefined ? {} : {worker: deed.worker})}, key}));
    case 'images.remove':
      return jobOf(client.imagesRemove({body: {ref: deed.ref, worker: deed.worker, engine: deed.engine}, key}));
    case 'config.set':
      return nothing(setSetting(deed.key, deed.value));
    default:
      return performForTeam(deed, key, client);
  }
}

type ForTeam = Extract<Deed, {do: `clusters.${string}` | `webhooks.${string}`}>;

async function performForTeam(deed: ForTeam, key: string, client: Client): Promise<DeedDone> {
  switch (deed.do) {
    case 'clusters.run': {
      const {cluster, role, prompt} = deed;
      return jobOf(client.rolesRun({cluster, role, body: prompt === undefined ? {} : {prompt}, key}));
    }
    case 'clusters.stop':
      return nothing(client.clustersStop({cluster: deed.cluster, body: deed.role === undefined ? {} : {role: deed.role}}));
    case 'clusters.enable':
    case 'clusters.disable':
      return nothing(client.clustersUpdate({cluster: deed.cluster, body: {enabled: deed.do === 'clusters.enable'}}));
    case 'clusters.remove':
      return nothing(client.clustersRemove({cluster: deed.cluster}));
    case 'webhooks.test':
      return taken(await client.webhooksTest({webhook: deed.webhook}));
    case 'webhooks.enable':
      return nothing(client.webhooksEnable({webhook: deed.webhook, body: {}}));
    case 'webhooks.disable':
      return nothing(client.webhooksDisable({webhook: deed.webhook}));
    case 'webhooks.remove':
      return nothing(client.webhooksRemove({webhook: deed.webhook}));
    case 'webhooks.redeliver':
    case 'webhooks.redeliver-dead': {
      const body = deed.do === 'webhooks.redeliver' ? {event: deed.event} : ({deadLetters: true} as const);
      const {queued} = await client.webhooksRedeliver({webhook: deed.webhook, body});
      return {text: `${countOf(queued, 'event')} to be sent once more.`};
    }
  }
}

function taken(delivery: DeliveryView): DeedDone {
  if (delivery.outcome !== 'delivered') throw new Error(deliveryText(delivery));
  return {text: deliveryText(delivery)};
}

const jobOf = async (job: Promise<{readonly id: string}>): Promise<DeedDone> => ({job: (await job).id});

const nothing = async (work: Promise<unknown>): Promise<DeedDone> => {
  await work;
  return {};
};

function labelsBody(labels: readonly string[]): {set?: Record<string, string>; unset?: string[]} {
  const set = labels.filter(label => label.includes('='));
  const unset = labels.filter(label => !label.includes('=')).map(label => label.replace(/-$/, ''));
  return {...(set.length === 0 ? {} : {set: parsePairs(set, 'labels')}), ...(unset.length === 0 ? {} : {unset})};
}

function createBody(form: DevBoxForm, image: string | undefined): z.input<typeof CreateDevBoxRequest> {
  const {name, repo, branch, worker, engine, profile, memory, task} = form;
  const fields = {
    image: form.image || image,
    worker,
    engine,
    profile,
    task,
    memoryBytes: memory ? parseSize(memory, 'memory') : undefined,
    limits: memory ? {memoryBytes: parseSize(memory, 'memory')} : undefined,
    source: repo ? {kind: 'repo', url: repo, ...(branch ? {branch} : {})} : undefined,
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
  return {name, ...given} as z.input<typeof CreateDevBoxRequest>;
}
