import {spawn, type ChildProcess} from 'node:child_process';
import {open} from 'node:fs/promises';
import {finished} from 'node:stream/promises';
import type {Readable, Writable} from 'node:stream';
import type {Host} from '@boxyard/core/plugin-api';
import {killTree} from '../process-tree.ts';
import {fileOf, forgetRun, readKept, takeStart, writeWhole, type BoxDir, type Kept} from './box-dir.ts';
import {insideFolder} from './box-path.ts';
import {faultOf} from './errors.ts';
import {cleanEnvironment, type Identity} from './identity.ts';
import {bootId, markerOf, recordKilled, startedTicks, stateOf} from './main-state.ts';
import {findProgram, mainScript} from './supervise.ts';

/** Starts once, whoever asks; the second one finds it started. A folder that was only held may be held again. */
export const startMain = async (box: BoxDir, identity: Identity, host: Host, stdin: Readable | undefined): Promise<void> => {
  const kept = await readKept(box);
  if (kept === undefined) throw host.fault('not-found', `no box ${box.name}`);
  if (kept.main === 'hold' && (await stateOf(box)).is === 'exited') await forgetRun(box);
  if (!(await takeStart(box))) return;
  const run = {boot: await bootId(), since: new Date().toISOString()};
  if (kept.main === 'hold') return writeWhole(fileOf(box, 'run.json'), JSON.stringify(run));
  const child = await launch(box, {identity, host, kept, hasStdin: stdin !== undefined});
  if (child === undefined) return;
  const pid = child.pid as number;
  await writeWhole(fileOf(box, 'run.json'), JSON.stringify({...run, pid, startedTicks: await startedTicks(pid)}));
  if (stdin !== undefined && child.stdin !== null) void feed(box, stdin, child.stdin);
};

interface Launch {
  readonly identity: Identity;
  readonly host: Host;
  readonly kept: Kept;
  readonly hasStdin: boolean;
}

/** Undefined where the program cannot be run: that is its end, with a shell's code for it, not a failure of the engine. */
const launch = async (box: BoxDir, {identity, host, kept, hasStdin}: Launch): Promise<ChildProcess | undefined> => {
  const argv = kept.main as readonly string[];
  const marker = markerOf(box);
  const env = cleanEnvironment(identity, box.workspace, {...kept.env, [marker.name]: marker.value});
  const cwd = insideFolder(box, kept.cwd);
  const found = await findProgram(argv[0] ?? '', env['PATH'] ?? '', cwd);
  const files = await Promise.all(
    (['stdout', 'stderr', 'exit'] as const).map(name => open(fileOf(box, name), name === 'exit' ? 'r+' : 'a')),
  );
  try {
    if ('code' in found) {
      await files[1]?.write(found.text);
      await files[2]?.write(`${found.code}\n`);
      return undefined;
    }
    const [stdout, stderr, exit] = files.map(file => file.fd);
    const child = spawn('/bin/sh', ['-c', mainScript(hasStdin), 'sh', cwd, found.file, ...argv.slice(1)], {
      cwd: '/',
      env,
      detached: true,
      stdio: [hasStdin ? 'pipe' : 'ignore', stdout, stderr, exit],
      ...identity.drop,
    });
    await spawned(child, host, box.name);
    child.unref();
    return child;
  } finally {
    await Promise.all(files.map(file => file.close()));
  }
};

const spawned = async (child: ChildProcess, host: Host, name: string): Promise<void> => {
  const {promise, resolve, reject} = Promise.withResolvers<void>();
  child.once('spawn', resolve);
  child.once('error', error => reject(faultOf(host, error, `start ${name}`)));
  await promise;
};

/** The end of `stdin` is EOF. If it breaks instead, the program must not take that for EOF: it is killed first. */
const feed = async (box: BoxDir, stdin: Readable, input: Writable): Promise<void> => {
  input.on('error', () => undefined);
  stdin.on('data', (part: Uint8Array) => {
    if (!input.write(part)) stdin.pause();
  });
  input.on('drain', () => stdin.resume());
  input.once('close', () => stdin.destroy());
  await finished(stdin, {writable: false}).catch(() => undefined);
  if (!stdin.readableEnded && !input.destroyed) {
    await recordKilled(box, 137);
    await killTree(markerOf(box), 'SIGKILL');
  }
  input.end();
};
