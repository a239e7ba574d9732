import {createClient, type Client} from '@boxyard/core/client';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {lineOf, undoOf, type Deed} from '../packages/tui/src/dashboard/deeds.ts';
import {performDeed} from '../packages/tui/src/dashboard/perform-deed.ts';
import {boxyard} from '../faults/lab/directories.ts';
import {baseImage, engines, run, Up} from './up.ts';

let up: Up;
let client: Client;
beforeAll(async () => {
  up = await Up.open();
  client = createClient({server: up.api.url.origin, token: up.api.token!});
});
afterAll(async () => {
  client?.close();
  await up?.[Symbol.asyncDispose]();
});

const [engine] = (await engines()).filter(each => each !== 'process');

/** One life in which every change of the dashboard has its place; a kind that is missing does not compile. */
function life(name: string, worker: string, ids: Ids) {
  const ref = `localhost/${name}:latest`;
  const on = (deed: Deed) => deed;
  return {
    'devboxes.create': on({
      do: 'devboxes.create',
      request: {name, image: baseImage, engine: engine!, memory: '64m', task: 'say “hello”; it’s me'},
    }),
    exec: on({do: 'exec', devbox: name, command: ['sh', '-c', 'echo it\u2019s "quoted" $HOME']}),
    'devboxes.snapshot': on({do: 'devboxes.snapshot', devbox: name, image: name}),
    'images.remove': on({do: 'images.remove', ref, worker, engine: engine!}),
    'images.pull': on({do: 'images.pull', ref: 'localhost/not-there:1', worker}),
    'devboxes.stop': on({do: 'devboxes.stop', devbox: name}),
    'devboxes.start': on({do: 'devboxes.start', devbox: name}),
    'devboxes.remove': on({do: 'devboxes.remove', devbox: name}),
    'devboxes.restore': on({do: 'devboxes.restore', devbox: name}),
    'devboxes.remove-now': on({do: 'devboxes.remove-now', devbox: name}),
    run: on({do: 'run', command: ['true'], image: baseImage}),
    'jobs.cancel': on({do: 'jobs.cancel', job: ids.running}),
    'jobs.retry': on({do: 'jobs.retry', job: ids.ended}),
    'terminals.close': on({do: 'terminals.close', terminal: ids.terminal}),
    'workers.cordon': on({do: 'workers.cordon', worker}),
    'workers.uncordon': on({do: 'workers.uncordon', worker}),
    'workers.drain': on({do: 'workers.drain', worker}),
    'workers.undrain': on({do: 'workers.undrain', worker}),
    'workers.label': on({do: 'workers.label', worker, labels: ['disk=fast', 'old-']}),
    'workers.invite': on({do: 'workers.invite', name: `${name}-machine`}),
    'clusters.run': on({do: 'clusters.run', cluster: ids.cluster, role: 'builder', prompt: 'it\u2019s $HOME'}),
    'clusters.stop': on({do: 'clusters.stop', cluster: ids.cluster, role: 'builder'}),
    'clusters.disable': on({do: 'clusters.disable', cluster: ids.cluster}),
    'clusters.enable': on({do: 'clusters.enable', cluster: ids.cluster}),
    'clusters.remove': on({do: 'clusters.remove', cluster: ids.cluster}),
    'webhooks.test': on({do: 'webhooks.test', webhook: ids.webhook}),
    'webhooks.redeliver': on({do: 'webhooks.redeliver', webhook: ids.webhook, event: ids.event}),
    'webhooks.redeliver-dead': on({do: 'webhooks.redeliver-dead', webhook: ids.webhook}),
    'webhooks.disable': on({do: 'webhooks.disable', webhook: ids.webhook}),
    'webhooks.enable': on({do: 'webhooks.enable', webhook: ids.webhook}),
    'webhooks.remove': on({do: 'webhooks.remove', webhook: ids.webhook}),
    'config.set': on({do: 'config.set', key: 'theme', value: 'dark'}),
  } satisfies Record<Exclude<Deed['do'], 'workers.remove' | 'displays.close'>, Deed>;
}

interface Ids {
  readonly running: string;
  readonly ended: string;
  readonly terminal: string;
  readonly cluster: string;
  readonly webhook: string;
  /** One that the webhook was told. */
  readonly event: string;
}

async function things(name: string): Promise<Ids> {
  const cluster = `${name}-team`;
  const webhook = `${name}-hook`;
  const role = {name: 'builder', engine: engine!, image: baseImage, command: ['sleep', '300']};
  await client.clustersApply({body: {document: {name: cluster, roles: [role]}}});
  await client.webhooksCreate({body: {name: webhook, reporter: 'log'}});
  const {running, ended, terminal} = await jobs();
  const told = await expect
    .poll(async () => (await client.webhooksDeliveries({webhook})).items.find(({kind}) => kind === 'event'), {timeout: 20_000})
    .toBeDefined()
    .then(async () => (await client.webhooksDeliveries({webhook})).items.find(({kind}) => kind === 'event')!);
  return {running, ended, terminal, cluster, webhook, event: told.event};
}

async function jobs(): Promise<{running: string; ended: string; terminal: string}> {
  const start = async (command: string[], tty?: {columns: number; rows: number}) =>
    (await client.jobsCreate({body: {command, engine: engine!, image: baseImage, ...(tty === undefined ? {} : {tty})}})).id;
  const [running, ended, terminal] = [await start(['sleep', '300']), await start(['true']), await start(['sh'], {columns: 80, rows: 24})];
  await up.ended(ended);
  return {running, ended, terminal};
}

/** A removal may still be under way when the next change comes: both ways wait for what the one before began. */
async function settled(name: string): Promise<void> {
  await expect
    .poll(
      async () =>
        (await client.devboxesList()).items.every(box => box.name !== name || (box.job === undefined && box.waiting.length === 0)),
      {timeout: 30_000},
    )
    .toBe(true);
}

const ways = {
  'as the command line that is shown': async (deed: Deed) => {
    const ran = await run(['sh', '-c', lineOf(deed).replace(/^boxyard/, boxyard)], {env: up.env, cwd: up.root});
    expect(ran.code, `${lineOf(deed)}: ${ran.stderr}`).toBe(0);
  },
  'as the dashboard does it': async (deed: Deed) => {
    await performDeed(deed, {client, image: async () => baseImage, setSetting: async () => undefined});
  },
};

describe.skipIf(engine === undefined)('every change of the dashboard works', () => {
  test.each(Object.entries(ways))(
    '%s',
    async (way, carryOut) => {
      const name = way.startsWith('as the command') ? 'typed' : 'pressed';
      const [worker] = (await client.workersList()).items;
      for (const deed of Object.values(life(name, worker!.name, await things(name)))) {
        await carryOut(deed);
        await settled(name);
      }
      expect((await client.devboxesList()).items).toEqual([]);
    },
    120_000,
  );

  test('what is undone is as it was', async () => {
    const [worker] = (await client.workersList()).items;
    for (const kind of ['workers.cordon', 'workers.drain'] as const) {
      await ways['as the dashboard does it']({do: kind, worker: worker!.name});
      await ways['as the dashboard does it'](undoOf({do: kind, worker: worker!.name})!);
      expect((await client.workersShow({worker: worker!.id})).status).toBe('ready');
    }
  });

  test('a worker is forgotten, which is last', async () => {
    const [worker] = (await client.workersList()).items;
    await ways['as the command line that is shown']({do: 'workers.remove', worker: worker!.name});
    expect((await client.workersList()).items).toEqual([]);
  });
});
