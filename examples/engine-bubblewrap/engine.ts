/** Boxes made by bubblewrap: one program each, with its own processes and files, and no daemon. A box is a folder in `stateDir`. */
import {execFile, spawn, spawnSync} from 'node:child_process';
import {createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {promisify} from 'node:util';
import type {Box, BoxSpec, BoxState, Chunk, Engine, Exit, Host, Labels, Mount, Offsets, Plugin, Probe} from 'boxyard/plugin-api';

const pollMs = 20;
/** Outlives us, and writes last how the program ended; 127 where there is none. */
const around = `cd "$1"; shift; bwrap --args 3 -- sh -c 'exec "$@"' sh "$@" 3<options >>stdout 2>>stderr; echo $? >ended; mv ended exit`;
const base = '--clearenv --die-with-parent --unshare-pid --unshare-ipc --new-session --proc /proc --dev /dev --tmpfs /tmp'.split(' ');
const shared = ['/usr', '/etc', '/bin', '/sbin', '/lib', '/lib64'].flatMap(path => ['--ro-bind-try', path, path]);

/** Bubblewrap reads these from a file: what is in the environment is nobody else's to see. */
const optionsOf = ({env, network, privileges, mounts, readOnlyRoot, cwd}: BoxSpec, dir: string): readonly string[] => [
  ...[...base, ...shared, '--bind', join(dir, 'workspace'), '/workspace', ...mounts.flatMap(mountOf)],
  ...Object.entries({PATH: '/usr/bin:/bin', HOME: '/workspace', ...env}).flatMap(pair => ['--setenv', ...pair]),
  ...(network === 'none' ? ['--unshare-net'] : []),
  ...(privileges === 'all' ? [] : ['--cap-drop', 'ALL']),
  ...[...(readOnlyRoot ? ['--remount-ro', '/'] : []), '--chdir', cwd ?? '/workspace'],
];

const mountOf = (mount: Mount): readonly string[] => {
  if (mount.kind === 'bind') return [mount.readOnly ? '--ro-bind' : '--bind', mount.source, mount.target];
  return mount.kind === 'tmpfs' ? ['--size', String(mount.bytes), '--tmpfs', mount.target] : [];
};

/** A field that cannot be honoured is refused, never ignored. */
const refused = ({image, user, ports, limits, network, mounts}: BoxSpec): boolean =>
  [image, user, ...ports, ...Object.values(limits)].some(each => each !== undefined) ||
  ![undefined, 'none', 'host'].includes(network as string | undefined) ||
  mounts.some(({kind}) => kind === 'volume');

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
const fits = (labels: Labels, wanted: Labels): boolean => Object.entries(wanted).every(([key, value]) => labels[key] === value);
/** This process and those below it, whatever session they went to: who is killed first starts no other. */
const tree = (pid: string): readonly string[] => [pid, ...(read(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/g) ?? []).flatMap(tree)];

const lookAt = (dir: string) => {
  const at = (name: string): string => join(dir, name);
  const timeOf = (name: string): string => statSync(at(name)).mtime.toISOString();
  /** The shell around it, unless the number is another process's by now. */
  const shell = (pid = read(at('pid')) ?? ''): string => (pid !== '' && read(`/proc/${pid}/cmdline`)?.includes(dir) === true ? pid : '');
  const state = (): BoxState => {
    if (!existsSync(at('spec'))) return {is: 'gone'};
    if (!existsSync(at('pid'))) return {is: 'created'};
    // In this order: it may end between the two looks.
    if (shell() !== '') return {is: 'running', since: timeOf('pid')};
    const code = read(at('exit'));
    if (code === undefined) return {is: 'exited', exit: {unknown: 'nobody saw its end'}, at: timeOf('pid')};
    return {is: 'exited', exit: {code: Number(code)}, at: timeOf('exit')};
  };
  return {at, shell, state};
};

function openBox(dir: string, spec: BoxSpec, host: Host): Box {
  const {at, shell, state} = lookAt(dir);
  /** Shell, bubblewrap and its first process are left to see the end of the program, which ends everything else. */
  const signalAll = (name: 'TERM' | 'KILL'): unknown => spawnSync('kill', ['-s', name, ...tree(shell()).slice(3)]);
  const box = {
    name: spec.name,
    labels: spec.labels,
    inspect: async () => state(),
    start: async (stdin: Readable | undefined, signal: AbortSignal) => {
      if (state().is === 'running') return;
      rmSync(at('exit'), {force: true});
      writeFileSync(at('options'), `${optionsOf(spec, dir).join('\0')}\0`, {mode: 0o600});
      const main = spec.main === 'hold' ? ['sleep', 'infinity'] : (spec.main ?? ['true']);
      const stdio = [stdin === undefined ? 'ignore' : 'pipe', 'ignore', 'ignore'] as const;
      const child = spawn('/bin/sh', ['-c', around, 'sh', dir, ...main], {detached: true, stdio: [...stdio]});
      writeFileSync(at('pid'), String(child.pid));
      child.unref();
      // A stdin that breaks is not its end: the program must not take it for one.
      stdin?.once('error', () => signalAll('KILL'));
      if (stdin !== undefined && child.stdin !== null) pipeline(stdin, child.stdin).catch(() => undefined);
      // Until the program is there, a stop would find nobody to ask.
      while (state().is === 'running' && tree(shell()).length < 4) await delay(2, undefined, {signal});
    },
    stop: async (graceMs: number, signal: AbortSignal) => {
      signalAll('TERM');
      for (const until = Date.now() + graceMs; state().is === 'running'; await delay(pollMs, undefined, {signal}))
        if (Date.now() >= until) signalAll('KILL');
    },
    remove: async (signal: AbortSignal) => box.stop(0, signal).then(() => rmSync(dir, {recursive: true, force: true})),
    wait: async (signal: AbortSignal): Promise<Exit> => {
      for (let now = state(); ; now = await delay(pollMs, undefined, {signal}).then(state)) {
        if (now.is === 'exited') return now.exit;
        if (now.is === 'gone') throw host.fault('not-found', `there is no box ${spec.name}`);
      }
    },
    async *output(from: Offsets, signal: AbortSignal): AsyncGenerator<Chunk> {
      const next = {...from};
      for (let isLast = false; !isLast; await delay(pollMs, undefined, {signal})) {
        isLast = ['exited', 'gone'].includes(state().is);
        for (const stream of (['stdout', 'stderr'] as const).filter(name => existsSync(at(name))))
          for await (const bytes of createReadStream(at(stream), {start: next[stream], signal}) as AsyncIterable<Buffer>) {
            yield {stream, offset: next[stream], bytes};
            next[stream] += bytes.length;
          }
      }
    },
  };
  return box;
}

const probe = async (): Promise<Probe> =>
  promisify(execFile)('bwrap', [...base, ...shared, '--unshare-net', 'true']).then(
    () => ({usable: true, version: 'bubblewrap', labels: {os: 'linux'}, enforces: ['network', 'filesystem', 'privileges']}),
    ({message}: Error) => ({usable: false, why: `no box can be made: ${message}`, fix: 'sudo apt-get install bubblewrap'}),
  );

function createEngine(host: Host): Engine {
  const find = (name: string, spec = read(join(host.stateDir, name, 'spec'))): Box | undefined =>
    spec === undefined ? undefined : openBox(join(host.stateDir, name), JSON.parse(spec) as BoxSpec, host);
  const all = (): readonly Box[] => readdirSync(host.stateDir).flatMap(name => find(name) ?? []);
  return {
    probe,
    find: async name => find(name),
    list: async labels => all().filter(box => fits(box.labels, labels)),
    create: async spec => {
      if (refused(spec)) throw host.fault('unsupported', 'an image, a user, ports, limits, a volume or a network of its own');
      const known = find(spec.name);
      if (known !== undefined && !fits(known.labels, spec.labels)) throw host.fault('conflict', `another box has the name ${spec.name}`);
      const dir = join(host.stateDir, spec.name);
      mkdirSync(join(dir, 'workspace'), {recursive: true});
      writeFileSync(join(dir, 'new'), JSON.stringify(spec), {mode: 0o600});
      if (known === undefined) renameSync(join(dir, 'new'), join(dir, 'spec'));
      return known ?? openBox(dir, spec, host);
    },
    features: {},
  };
}

export default {
  kind: 'engine',
  name: 'bubblewrap',
  api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'example', validate: () => ({value: {}})}},
  create: (_config, host) => createEngine(host),
} satisfies Plugin<'engine', object>;
