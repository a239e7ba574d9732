import {randomUUID} from 'node:crypto';
import {spawn, type ChildProcess} from 'node:child_process';
import type {Readable, Writable} from 'node:stream';
import type {Chunk, Command, Exit, Host, Process} from '@boxyard/core/plugin-api';
import {killTree, type Marker} from '../process-tree.ts';
import type {BoxDir, Kept} from './box-dir.ts';
import {insideFolder} from './box-path.ts';
import {faultOf} from './errors.ts';
import {cleanEnvironment, type Identity} from './identity.ts';
import {markerOf} from './main-state.ts';
import {findProgram, EXEC_SCRIPT} from './supervise.ts';

export interface Where {
  readonly box: BoxDir;
  readonly kept: Kept;
  readonly identity: Identity;
  readonly host: Host;
}

/** What an exec and a terminal have in common: the environment with both marks, the folder, the program. */
export const prepare = async ({box, kept, identity, host}: Where, command: Command) => {
  if (command.user !== undefined && command.user !== identity.user) throw host.fault('unsupported', `running as ${command.user}`);
  const mark: Marker = {name: 'BOXYARD_EXEC', value: randomUUID()};
  const own = markerOf(box);
  const env = cleanEnvironment(identity, box.workspace, {...kept.env, ...command.env, [own.name]: own.value, [mark.name]: mark.value});
  const cwd = insideFolder(box, command.cwd ?? kept.cwd);
  const found = await findProgram(command.argv[0] ?? '', env['PATH'] ?? '', cwd);
  return {mark, env, cwd, found, args: command.argv.slice(1)};
};

export const exec = async (where: Where, command: Command): Promise<Process> => {
  const {mark, env, cwd, found, args} = await prepare(where, command);
  // Descriptor 3 of the shell takes the code; a program that cannot be run is an end of its own, said by the same shell.
  const program = 'file' in found ? [found.file, ...args] : ['/bin/sh', '-c', `printf '%s' "$1" >&2; exit ${found.code}`, 'sh', found.text];
  const child = spawn('/bin/sh', ['-c', EXEC_SCRIPT, 'sh', cwd, ...program], {
    cwd: '/',
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...where.identity.drop,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', error => reject(faultOf(where.host, error, `run ${command.argv[0] ?? ''} in ${where.box.name}`)));
  });
  return processOf(child, mark);
};

const processOf = (child: ChildProcess, mark: Marker): Process => {
  const stdin = child.stdin as Writable;
  const stdout = child.stdout as Readable;
  const stderr = child.stderr as Readable;
  stdin.on('error', () => undefined);
  let killedBy: NodeJS.Signals | undefined;
  const code = lineOf(child.stdio[3] as Readable);
  // The cat that feeds the program would wait for more for ever.
  void code.then(() => stdin.destroy());
  const closed = Promise.all([ended(stdout), ended(stderr)]);
  const exit = Promise.all([code, closed]).then(([said]): Exit => {
    if (said !== '') return {code: Number(said)};
    return killedBy === 'SIGKILL' ? {code: 137} : {unknown: 'it was killed from outside'};
  });
  return {
    stdin,
    output: both(stdout, stderr),
    wait: () => exit,
    kill: async kind => {
      killedBy = kind;
      await killTree(mark, kind);
    },
  };
};

/** The first line, or what there is at the end: the shell keeps the descriptor open for as long as it waits for its cats. */
const lineOf = (stream: Readable): Promise<string> =>
  new Promise(resolve => {
    let said = '';
    stream.on('data', part => {
      said += String(part);
      if (said.endsWith('\n')) resolve(said);
    });
    stream.once('error', () => resolve(said));
    stream.once('close', () => resolve(said));
  });

const ended = (stream: Readable): Promise<void> => new Promise(resolve => void stream.once('close', resolve));

/**
 * Both streams as they come; while nobody reads, the program waits. Without a race of promises: the one of a stream that stays
 * silent would hold on to everything that the other said.
 */
async function* both(stdout: Readable, stderr: Readable): AsyncGenerator<Chunk> {
  const at = {stdout: 0, stderr: 0};
  const streams = {stdout, stderr};
  let wake = (): void => undefined;
  let failed: Error | undefined;
  for (const stream of [stdout, stderr]) {
    for (const event of ['readable', 'end', 'close']) stream.on(event, () => wake());
    stream.on('error', error => {
      failed = error;
      wake();
    });
  }
  /** Fairly: one that says much does not keep the other waiting. */
  const read = function* (): Generator<Chunk> {
    for (const stream of ['stdout', 'stderr'] as const) {
      const bytes = streams[stream].read() as Buffer | null;
      if (bytes === null) continue;
      yield {stream, offset: at[stream], bytes};
      at[stream] += bytes.length;
    }
  };
  try {
    for (;;) {
      const before = at.stdout + at.stderr;
      yield* read();
      if (at.stdout + at.stderr > before) continue;
      if (failed !== undefined) throw failed;
      if ([stdout, stderr].every(stream => stream.readableEnded || stream.destroyed)) return;
      await new Promise<void>(resolve => (wake = resolve));
    }
  } finally {
    stdout.destroy();
    stderr.destroy();
  }
}
