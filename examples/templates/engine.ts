/**
 * An engine that holds what every engine must: it runs programs on this machine itself, **without any isolation**, as a place to start
 * from. A box is a folder in `stateDir`. Put your backend into `start`, `stop`, `state` and `output`; `boxyard plugins verify` says what broke.
 */
import {spawn, spawnSync} from 'node:child_process';
import {createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {Box, BoxSpec, BoxState, Chunk, Engine, Exit, Host, Labels, Offsets, Plugin, Probe} from 'boxyard/plugin-api';

const pollMs = 20;
/** Outlives us, and writes last how the program ended. One that is not there ends with 127, as in a shell. */
const around =
  'cd "$1/workspace"; box=$1; shift; "$@" >>"$box/stdout" 2>>"$box/stderr"; echo $? >"$box/ended"; mv "$box/ended" "$box/exit"';
/** What this variable says finds a box's processes, whatever session they went to. */
const mark = 'BOXYARD_BOX';

/** A field that cannot be honoured is refused, never ignored. */
const refused = ({image, user, ports, limits, network, mounts, privileges, readOnlyRoot}: BoxSpec): boolean =>
  [image, user, network, privileges, ...ports, ...mounts, ...Object.values(limits)].some(each => each !== undefined) || readOnlyRoot;

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
const fits = (labels: Labels, wanted: Labels): boolean => Object.entries(wanted).every(([key, value]) => labels[key] === value);
const processesOf = (dir: string): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && environmentOf(name).includes(`${mark}=${dir}`))
    .map(Number);
const environmentOf = (pid: string): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    // It has ended, or is somebody else's.
    return [];
  }
};

/** What the folder says of a box. */
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
  /** The shell is left to see the end of the program. */
  const signalAll = (name: 'TERM' | 'KILL'): void => {
    const spared = Number(shell());
    const others = processesOf(dir).filter(pid => pid !== spared);
    spawnSync('kill', ['-s', name, ...others.map(String)]);
  };
  const box = {
    name: spec.name,
    labels: spec.labels,
    inspect: async () => state(),
    start: async (stdin: Readable | undefined, signal: AbortSignal) => {
      if (state().is === 'running') return;
      rmSync(at('exit'), {force: true});
      const main = spec.main === 'hold' ? ['sleep', 'infinity'] : (spec.main ?? ['true']);
      const stdio = [stdin === undefined ? 'ignore' : 'pipe', 'ignore', 'ignore'] as const;
      const env = {PATH: '/usr/bin:/bin', HOME: at('workspace'), ...spec.env, [mark]: dir};
      const child = spawn('/bin/sh', ['-c', around, 'sh', dir, ...main], {detached: true, env, stdio: [...stdio]});
      writeFileSync(at('pid'), String(child.pid));
      child.unref();
      // A stdin that breaks is not its end: the program must not take it for one.
      stdin?.once('error', () => signalAll('KILL'));
      if (stdin !== undefined && child.stdin !== null) pipeline(stdin, child.stdin).catch(() => undefined);
      // Until the program is there, a stop would find nobody to ask.
      while (state().is === 'running' && processesOf(dir).length < 2) await delay(2, undefined, {signal});
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

/** What is not in `enforces` nobody is promised, and `create` refuses. */
const probe = async (): Promise<Probe> =>
  existsSync('/proc/self/environ')
    ? {usable: true, version: '1', labels: {os: 'linux'}, enforces: []}
    : {usable: false, why: 'there is no /proc on this machine', fix: 'Use a machine with Linux.'};

function createEngine(host: Host): Engine {
  const boxes = join(host.stateDir, 'boxes');
  mkdirSync(boxes, {recursive: true});
  const find = (name: string): Box | undefined => {
    const spec = read(join(boxes, name, 'spec'));
    return spec === undefined ? undefined : openBox(join(boxes, name), JSON.parse(spec) as BoxSpec, host);
  };
  const all = (): readonly Box[] => readdirSync(boxes).flatMap(name => find(name) ?? []);
  return {
    probe,
    find: async name => find(name),
    list: async labels => all().filter(box => fits(box.labels, labels)),
    create: async spec => {
      if (refused(spec)) throw host.fault('unsupported', 'anything that would need isolation');
      const known = find(spec.name);
      if (known !== undefined && !fits(known.labels, spec.labels)) throw host.fault('conflict', `another box has the name ${spec.name}`);
      const dir = join(boxes, spec.name);
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
  name: 'my-plugin',
  api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'my-plugin', validate: () => ({value: {}})}},
  create: (_config, host) => createEngine(host),
} satisfies Plugin<'engine', object>;
