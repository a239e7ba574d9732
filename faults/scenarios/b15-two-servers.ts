import {join} from 'node:path';
import {files, paths} from '@boxyard/core/config';
import {mustHold} from '../checker/check.ts';
import {Lab} from '../lab/lab.ts';
import {Server} from '../lab/server.ts';
import {waitFor} from '../lab/wait-for.ts';
import {TcpProxy} from '../primitives/tcp-proxy.ts';
import {expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

/** What an agent dials: a name in front of one of the servers, and of the other when that one is gone. */
interface Entry {
  readonly server: Server;
  readonly link: TcpProxy;
}

function leadTo(link: TcpProxy, {port}: Server): void {
  link.repoint({port});
  link.renameHost = {from: `127.0.0.1:${link.port}`, to: `127.0.0.1:${port}`};
}

async function entry(lab: Lab, server: Server): Promise<Entry> {
  const link = lab.own(await TcpProxy.listen({port: server.port}));
  leadTo(link, server);
  return {server, link};
}

/** A second server beside the lab's: the same Redis, the same bytes, its own address. */
async function secondServer(lab: Lab): Promise<Server> {
  const dir = lab.makeDir('s2');
  const blobs = join(files(paths(lab.server.env)).serverData, 'blobs');
  const redisUrl = `redis://127.0.0.1:${lab.redisLink.port}`;
  const server = lab.own(await Server.create({dir, redisUrl, env: {...lab.scale, BOXYARD_BLOB_DIR: blobs}}));
  await server.start();
  return server;
}

const connected = async ({api}: Server): Promise<number> =>
  Number(/^boxyard_workers_connected (\d+)/m.exec((await api.call('GET', '/metrics')).bytes.toString())?.[1]);

/** Jobs given to either, each with half of the agents; one dies, its agents go to the other, and then it is the other's turn. */
async function oneOfTwoDies({short, random}: Context): Promise<Told> {
  await using lab = await Lab.open({externalRedis: true, workers: []});
  const entries = [await entry(lab, lab.server), await entry(lab, await secondServer(lab))] as const;
  for (const [i, {link}] of [...entries, ...entries].entries())
    await lab.addWorker({name: `w${i + 1}`, address: `127.0.0.1:${link.port}`, slots: 32});
  await Promise.all(
    entries.map(async ({server}) => waitFor(async () => (await connected(server)) === 2, {within: 10_000, what: 'each has two agents'})),
  );
  let given = 0;
  const give = async (jobs: number, to: readonly Server[]) => {
    for (let i = 0; i < jobs; i += 1) {
      given += 1;
      await lab.submit({key: `t${given}`, lines: random.between(10, 60), rate: 10, exit: given % 4}, {through: to[given % to.length]!.api});
    }
  };
  const rounds = short ? 2 : 6;
  for (let round = 0; round < rounds; round += 1) {
    const [dying, other] = round % 2 === 0 ? [entries[1], entries[0]] : [entries[0], entries[1]];
    await give(12, [dying.server, other.server]);
    await waitFor(async () => (await other.server.api.jobs('&state=running')).length > 4, {within: 20_000, what: 'jobs run'});
    await dying.server.program.kill();
    leadTo(dying.link, other.server);
    await give(6, [other.server]);
    await waitFor(async () => (await connected(other.server)) === 4, {within: 30_000, what: 'the agents of the dead one came'});
    await dying.server.start();
    leadTo(dying.link, dying.server);
    dying.link.reset();
    await waitFor(async () => (await connected(dying.server)) === 2, {within: 30_000, what: 'its agents came back'});
  }
  await mustHold(lab, {within: 120_000});
  const ran = await Promise.all(lab.accepted.map(async ({id}) => (await lab.api.job(id)).worker?.name));
  const byServer = [0, 1].map(side => ran.filter(name => Number(name?.slice(1)) % 2 === 1 - side).length);
  expectThat(
    byServer.every(count => count > given / 4),
    `the servers’ agents ran ${byServer.join(' and ')} of ${given} jobs`,
  );
  return {jobs: given, figures: {'jobs by the agents of either': byServer.join(' and '), deaths: rounds}};
}

export const b15TwoServers: readonly Scenario[] = [
  {
    name: 'B15 two servers on one Redis, one of which dies',
    fault: 'F7 either server in turn, its agents go to the other',
    invariants: 'I1–I3 I5 I6 I8',
    run: oneOfTwoDies,
  },
];
