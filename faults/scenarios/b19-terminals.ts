import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Client} from '@boxyard/core/client';
import {resourcesOf} from '../checker/resources.ts';
import {heldBy, inspectable} from '../primitives/collect-garbage.ts';
import {Lab} from '../lab/lab.ts';
import {clientOf, Viewer} from '../lab/terminal-viewer.ts';
import {waitFor} from '../lab/wait-for.ts';
import {at, devbox} from './b13-terminals.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

const MiB = 1024 * 1024;
const atOnce = 8;
const mostMiB = 400;
/** Records of ended jobs that are kept at hand are some KiB each. */
const mostMoreMiB = 24;
const image = 'localhost/base:test';

type Engine = 'process' | 'docker' | 'podman';

/** Terminals opened, typed at and ended, very many: no descriptor, process, file or memory of them stays. */
async function manyTerminals(engine: Engine, {short, log}: Context): Promise<Told> {
  const containers = engine === 'process' ? [] : [engine];
  await using lab = await Lab.open({
    workers: [{engines: [engine], env: inspectable}],
    server: {env: inspectable},
    containers,
    timeScale: short ? 0.1 : 0.05,
  });
  // The server closes files of logs after 20 s, which the short version does not wait for.
  const watched: readonly Part[] = short ? ['agent', 'session host'] : ['server', 'agent', 'session host'];
  const client = clientOf({url: lab.server.url, token: lab.server.token});
  try {
    await devbox(lab, engine, engine === 'process' ? {} : {image});
    await openAndEnd(client, 0, atOnce * 3);
    const held = await heldByParts(lab);
    const before = await settled(lab, watched, {engine});
    // podman keeps a process of each exec for five minutes behind its end.
    const within = engine === 'podman' && !short ? 400_000 : 60_000;
    const count = short ? 40 : 1_000;
    await openAndEnd(client, 1, count);
    const after = await settled(lab, watched, {engine, before, within});
    const heldAfter = await heldByParts(lab);
    log(JSON.stringify({before, held, after, heldAfter}));
    expectThat(
      after.processes <= before.processes,
      `processes of the lab and its engine: ${before.processes} before, ${after.processes} after`,
    );
    for (const name of watched) {
      expectThat(
        after[name].descriptors <= before[name].descriptors + 5,
        `${name} has ${after[name].descriptors} open descriptors, before ${before[name].descriptors}`,
      );
      expectThat(after[name].bytes < mostMiB * MiB, `${name} takes ${Math.round(after[name].bytes / MiB)} MiB`);
    }
    const grown = grownBy(held, heldAfter);
    for (const [name, more] of Object.entries(grown)) expectThat(more < mostMoreMiB, `${name}: ${more}`);
    const spools = join(lab.workers[0]!.env['XDG_DATA_HOME'] ?? lab.workers[0]!.dir, 'boxyard/agent/spool');
    if (!short) await waitFor(() => readdirSync(spools).length === 0, {within: 400_000, every: 1_000, what: 'no spool is left'});
    return {jobs: count, figures: {...grown, 'server takes MiB': Math.round(after.server.bytes / MiB)}};
  } finally {
    client.close();
  }
}

async function openAndEnd(client: Client, round: number, count: number): Promise<void> {
  let next = 0;
  const one = async () => {
    for (let n = next++; n < count; n = next++) {
      const job = await at(client, `t${round}-${n}`, 'echo hello; read line; exit 4');
      using viewer = new Viewer(client, job);
      await viewer.shows('hello', 60_000);
      viewer.type('\r');
      expectEqual((await viewer.ended).exit, {code: 4}, 'how it ended');
    }
  };
  await Promise.all(Array.from({length: atOnce}, one));
}

type Part = 'server' | 'agent' | 'session host';
type Seen = Record<Part, {bytes: number; descriptors: number}> & {processes: number};

interface Until {
  readonly engine: Engine;
  readonly before?: Seen;
  readonly within?: number;
}

/** What is there when nothing is under way, or, given what was there before, as soon as it is like that. */
async function settled(lab: Lab, watched: readonly Part[], {engine, before, within = 60_000}: Until): Promise<Seen> {
  let seen = look(lab, engine);
  const isLike = () =>
    before === undefined ||
    (seen.processes <= before.processes && watched.every(name => seen[name].descriptors <= before[name].descriptors + 5));
  const isSettled = () => {
    const [last, now] = [seen, look(lab, engine)];
    seen = now;
    return last.processes === now.processes && last['session host'].descriptors === now['session host'].descriptors && isLike();
  };
  await waitFor(isSettled, {within, every: 1_000, what: 'nothing is under way'}).catch(() => undefined);
  return seen;
}

function look(lab: Lab, engine: Engine): Seen {
  const [host] = lab.processes(/session-host/);
  return {
    server: resourcesOf(lab.server.program.pid),
    agent: resourcesOf(lab.workers[0]!.program.pid),
    'session host': resourcesOf(host?.pid ?? 0),
    processes: lab.processes(/./).length + (engine === 'podman' ? conmons() : 0),
  };
}

/** podman watches every exec with a process of its own; the lab is taken to be the only one here that uses it. */
const conmons = (): number =>
  readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && commandOf(pid).includes('conmon') && commandOf(pid).includes('--exec-attach'))
    .length;

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

interface Held {
  readonly server: number;
  readonly agent: number;
}

const heldByParts = async (lab: Lab): Promise<Held> => ({
  server: await heldBy(lab.server.program),
  agent: await heldBy(lab.workers[0]!.program),
});

const grownBy = (before: Held, after: Held): Record<string, number> => ({
  'server holds MiB more': Math.round((after.server - before.server) / MiB),
  'agent holds MiB more': Math.round((after.agent - before.agent) / MiB),
});

export const b19Terminals: readonly Scenario[] = (['process', 'docker', 'podman'] as const).map(engine => ({
  name: `B19 terminals on ${engine} opened and ended, very many`,
  fault: 'F18',
  invariants: 'I6 I7',
  isShort: engine === 'process',
  run: context => manyTerminals(engine, context),
}));
