import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync} from 'node:fs';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';

const image = 'localhost/base:test';
const cgroups = '/sys/fs/cgroup';

/**
 * A docker of the test's own, which may be killed: in namespaces of its own, so that it touches no network, process or mount of
 * the machine's. They last as long as their first process, which reads from this one: whatever ends the test ends all of it.
 */
export class OwnDocker implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'own-docker-'));
  readonly socket = join(this.dir, 'docker.sock');
  readonly #flags: readonly string[];
  readonly #cgroup = `boxyard-test-${process.pid}-${Date.now().toString(36)}`;
  readonly #holder: ChildProcess;
  #daemon: ChildProcess | undefined;
  #log = '';

  private constructor(flags: readonly string[]) {
    this.#flags = flags;
    const own = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', '--propagation', 'private'];
    this.#holder = spawn('unshare', [...own, 'sh', '-c', 'cat; exit'], {stdio: ['pipe', 'ignore', 'ignore']});
    this.#holder.on('error', () => undefined);
  }

  /** With the image that tests use; undefined, and why is printed, where that is not possible. */
  static async open(...flags: readonly string[]): Promise<OwnDocker | undefined> {
    const why = whyNot();
    const docker = why === undefined ? new OwnDocker(flags) : undefined;
    try {
      await docker?.start();
      const load = docker && spawnSync('sh', ['-c', `docker save ${image} | docker -H unix://${docker.socket} load`]);
      if (load !== undefined && load.status !== 0) throw new Error(load.stderr.toString());
      if (docker !== undefined) return docker;
    } catch (error) {
      await docker?.[Symbol.asyncDispose]();
      console.log(`skipped: no docker of the test’s own: ${String(error)}`);
    }
    if (why !== undefined) console.log(`skipped: ${why}`);
    return undefined;
  }

  async start(): Promise<void> {
    const first = await waitFor(() => childOf(this.#holder), 5_000);
    const places = ['--data-root', 'data', '--exec-root', 'exec', '--pidfile', 'pid'];
    const args = places.map(place => (place.startsWith('--') ? place : join(this.dir, place)));
    const daemon = spawn(
      'nsenter',
      // An engine without a bridge takes away the one that is there, so it is given a network of its own to look at.
      ['--target', String(first), '--net', '--mount', '--pid', 'dockerd', ...args, '--host', `unix://${this.socket}`].concat(
        ['--iptables=false', '--bridge=none', '--cgroup-parent', this.#cgroup],
        this.#flags,
      ),
      {stdio: ['ignore', 'ignore', 'pipe']},
    );
    daemon.stderr.on('data', part => (this.#log = `${this.#log}${String(part)}`.slice(-4_000)));
    daemon.on('error', () => undefined);
    this.#daemon = daemon;
    await waitFor(async () => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended: ${this.#log}`);
      return answers(this.socket);
    }, 30_000);
  }

  /** Nothing but the daemon: what it started stays, as far as that can live without it. */
  async kill(): Promise<void> {
    const daemon = this.#daemon!;
    process.kill(childOf(daemon)!, 'SIGKILL');
    await waitFor(() => daemon.exitCode !== null || daemon.signalCode !== null, 10_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill('SIGKILL');
    await waitFor(() => this.#holder.exitCode !== null || this.#holder.signalCode !== null || this.#holder.pid === undefined, 10_000);
    await waitFor(() => {
      for (const place of cgroupsHere()) removeCgroup(join(place, this.#cgroup));
      rmSync(this.dir, {recursive: true, force: true});
      return true;
    }, 10_000);
  }
}

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may start a docker of its own';
  const missing = ['unshare', 'nsenter', 'dockerd', 'docker'].find(program => spawnSync(program, ['--version']).error !== undefined);
  if (missing !== undefined) return `no ${missing} here`;
  return spawnSync('docker', ['image', 'inspect', image]).status === 0 ? undefined : `docker has no ${image}`;
}

const childOf = ({pid}: ChildProcess): number | undefined => {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return child === '' ? undefined : Number(child);
};

const answers = (socketPath: string): Promise<boolean> =>
  new Promise(resolve => {
    const asked = request({socketPath, path: '/_ping', timeout: 2_000}, answer => resolve(answer.resume().statusCode === 200));
    asked.once('error', () => resolve(false));
    asked.once('timeout', () => asked.destroy());
    asked.end();
  });

/** Where those of our children may be, in each hierarchy: below our own or at the top. */
const cgroupsHere = (): string[] =>
  readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .flatMap(line => {
      const [, names = '', own = '/'] = line.split(':');
      const hierarchies = names === '' ? [cgroups, join(cgroups, 'unified')] : [join(cgroups, names.replace('name=', ''))];
      return hierarchies.flatMap(hierarchy => [hierarchy, join(hierarchy, own)]);
    });

/** The innermost first, as the kernel wants it; one that is still in use is tried again by the caller. */
function removeCgroup(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, {withFileTypes: true})) if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  rmdirSync(path);
}

/** Polls until there is something; what is thrown meanwhile is thrown in the end. */
async function waitFor<T>(what: () => T | undefined | false | Promise<T | undefined | false>, within: number): Promise<T> {
  for (const until = performance.now() + within; ;) {
    const isLate = performance.now() > until;
    try {
      const found = await what();
      if (found !== undefined && found !== false) return found;
      if (isLate) throw new Error(`nothing within ${within} ms`);
    } catch (error) {
      if (isLate) throw error;
    }
    await delay(50);
  }
}
