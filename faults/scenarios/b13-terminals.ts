import type {Client} from '@boxyard/core/client';
import {resourcesOf} from '../checker/resources.ts';
import {delayFor} from '../lab/delay-for.ts';
import {Lab} from '../lab/lab.ts';
import {clientOf, Viewer, type ViewerOptions} from '../lab/terminal-viewer.ts';
import {waitFor} from '../lab/wait-for.ts';
import {expectThat} from './expectations.ts';
import type {Context, Scenario, Told} from './scenario.ts';

const MiB = 1024 * 1024;
const HEARTBEAT_MS = 1_000;
const mostEchoMs = 300;
const mostLateMs = 2_000;

/** Floods at terminals and a large log, with viewers of which some take nothing: nothing else waits for them, nothing grows. */
async function floods({short}: Context): Promise<Told> {
  await using lab = await Lab.open({workers: [{}]});
  const client = clientOf({url: lab.server.url, token: lab.server.token});
  using release = new DisposableStack();
  release.defer(() => client.close());
  await devbox(lab, 'process');
  const look = (job: string, options?: ViewerOptions) => release.use(new Viewer(client, job, options));
  const quiet = look(await at(client, 'quiet', 'stty raw -echo; echo ready; exec cat'));
  await quiet.shows('ready');
  const beats = heartbeats(client, release);
  const peaks = watchMemory(lab, release);

  const yes = await at(client, 'yes', 'exec yes');
  const [viewers, stuck] = short ? [20, 4] : [200, 10];
  const crowd = Array.from({length: viewers}, (_, n) => look(yes, {isBlind: true, isStuck: n < stuck}));
  const noise = look(await at(client, 'noise', 'exec cat /dev/urandom'), {isBlind: true});
  // Ends by itself, though the only one who looks takes nothing.
  const unread = await at(client, 'unread', 'n=0; while [ $n -lt 20000 ]; do echo "some line of $n"; n=$((n+1)); done; exit 5');
  look(unread, {isStuck: true});
  const bytes = (short ? 200 : 1_024) * MiB;
  const log = (await client.devboxesExec({devbox: 'box', body: {name: 'log', command: ['head', '-c', String(bytes), '/dev/zero']}})).id;

  const echoes = await measureEchoes(quiet, short ? 6_000 : 20_000);
  const before = crowd.at(-1)!.received;
  expectThat(
    crowd.slice(stuck).every(viewer => viewer.received > 256 * 1024),
    'everybody who reads is shown more than a window',
  );
  expectThat(
    crowd.slice(0, stuck).every(viewer => viewer.received <= MiB),
    'nobody is sent more than they took',
  );
  expectThat(noise.received > 0, 'the noise arrives');
  const median = echoes.toSorted((a, b) => a - b)[Math.floor(echoes.length / 2)]!;
  expectThat(median < mostEchoMs, `another session’s echo takes ${median} ms`);
  const late = beats.latest();
  expectThat(late < HEARTBEAT_MS + mostLateMs, `a heartbeat comes after ${late} ms`);
  for (const [name, peak] of peaks()) expectThat(peak < 400 * MiB, `${name} takes ${Math.round(peak / MiB)} MiB`);
  expectThat(((await lab.ended(unread)).exit as {code: number}).code === 5, 'a command ends though its viewer takes nothing');
  await lab.ended(log, 120_000);
  await waitFor(() => crowd.at(-1)!.received > before, {within: 10_000, what: 'the flood goes on being shown'});
  return {jobs: 5, figures: {'median echo ms': Math.round(median), 'longest heartbeat gap ms': Math.round(late), ...megabytes(peaks())}};
}

export async function devbox(lab: Lab, engine: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const {job} = await lab.api.must<{job: {id: string}}>('POST', '/v1/devboxes', {body: {name: 'box', engine, ...more}});
  const {outcome, error} = await lab.ended(job.id);
  expectThat(outcome === 'succeeded', `the DevBox is made: ${JSON.stringify(error)}`);
}

export const at = async (client: Client, name: string, script: string): Promise<string> =>
  (await client.devboxesExec({devbox: 'box', body: {name, command: ['sh', '-c', script], tty: {columns: 80, rows: 24}}})).id;

/** Milliseconds from key to echo, one key after another. */
async function measureEchoes(viewer: Viewer, forMs: number): Promise<number[]> {
  const times: number[] = [];
  for (const end = Date.now() + forMs; Date.now() < end;) {
    const {received} = viewer;
    const start = performance.now();
    viewer.type('k');
    await waitFor(() => viewer.received > received, {within: 10_000, every: 1, what: 'the echo'});
    times.push(performance.now() - start);
    await delayFor(30);
  }
  return times;
}

/** Hears every heartbeat that the server hears. */
function heartbeats(client: Client, release: DisposableStack): {latest(): number} {
  const stop = new AbortController();
  release.defer(() => stop.abort());
  let last = Date.now();
  let longest = 0;
  const beat = () => {
    longest = Math.max(longest, Date.now() - last);
    last = Date.now();
  };
  void (async () => {
    for await (const item of client.events({signal: stop.signal}))
      if (item.type === 'gauge' && item.gauge.object.startsWith('workers/')) beat();
  })().catch(() => undefined);
  return {latest: () => Math.max(longest, Date.now() - last)};
}

/** The most memory that each program of the lab took, looked at four times a second. */
function watchMemory(lab: Lab, release: DisposableStack): () => Map<string, number> {
  const peaks = new Map<string, number>();
  const look = () => {
    const [host] = lab.processes(/session-host/);
    const pids = {server: lab.server.program.pid, agent: lab.workers[0]!.program.pid, 'session host': host?.pid ?? 0};
    for (const [name, pid] of Object.entries(pids)) peaks.set(name, Math.max(peaks.get(name) ?? 0, resourcesOf(pid).bytes));
  };
  const timer = setInterval(look, 250);
  release.defer(() => clearInterval(timer));
  return () => peaks;
}

const megabytes = (peaks: ReadonlyMap<string, number>) =>
  Object.fromEntries([...peaks].map(([name, bytes]) => [`${name} MiB`, Math.round(bytes / MiB)]));

export const b13: readonly Scenario[] = [
  {name: 'B13 floods at terminals, a large log, and viewers that take nothing', fault: 'F18', invariants: 'I7', isShort: true, run: floods},
];
