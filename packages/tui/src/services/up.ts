import {existsSync, statSync} from 'node:fs';
import {hostname} from 'node:os';
import {join as joinPath} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {createClient, type Client} from '@boxyard/core/client';
import {files, privateDir, readPrivate, type Paths} from '@boxyard/core/config';
import type {WorkerView} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';
import {isNotAskedYet} from '../output/views/workers.ts';
import {createWaitNotice, lastComplaint} from './not-ready.ts';
import {programCommand} from './program-command.ts';
import {keepLocalKey, readWorkerFile, workerName} from './worker-file.ts';
import {formatListen, refuseBusyPort, type ListenAddress} from './port-holder.ts';
import {supervise, type Supervised} from './supervised.ts';
import {watchFolder} from './watched-folder.ts';
import {findUp, processStartOf, removeUpFile, writeUpFile, type UpFile} from './up-file.ts';

export interface UpOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly execPath: string;
  readonly root: string;
  readonly paths: Paths;
  readonly listen: ListenAddress;
  /** Handed on to the server as they are. */
  readonly serverArguments: readonly string[];
  /** Redeems an invitation and writes worker.json. */
  readonly join: (invitation: string, name: string) => Promise<unknown>;
  readonly say: (line: string) => void;
  readonly now: () => number;
  /** Ends a start that is not ready yet; what was started is stopped. */
  readonly signal?: AbortSignal | undefined;
}
export interface Up {
  readonly url: string;
  readonly tokenFile: string;
  /** Undefined where this machine works for another server. */
  readonly worker: WorkerView | undefined;
  /** Ends agent and server, in this order; DevBoxes stay. */
  stop(): Promise<void>;
  /** Resolves if a part ended for good by itself. */
  readonly failed: Promise<BoxyardError>;
}

const serverReadyMs = 60_000;
const workerReadyMs = 10_000;
/** The server tells by writing its file; this is for a system that cannot watch one. */
const serverAgainMs = 250;
const workerAgainMs = 10;
const stopMs = 15_000;

/** Starts server and worker as children of this process and resolves when both are ready. `ALREADY_RUNNING`, `PORT_BUSY`. */
export async function startUp(options: UpOptions): Promise<Up> {
  const {paths, root, pid, say} = options;
  const running = findUp(paths);
  if (running !== undefined && running.pid !== pid) throw await alreadyRunning(running, options);
  for (const program of ['server.js', 'agent.js'])
    if (!existsSync(joinPath(root, 'dist', program)))
      throw new BoxyardError('CONFLICT', {what: `dist/${program}`, issue: 'is not built', hint: 'sh scripts/setup.sh'});
  for (const dir of [paths.config, paths.data, paths.state]) privateDir(dir);
  await refuseBusyPort(options.listen);

  const tokenFile = files(paths).localToken;
  const record = createRecord(options, tokenFile);
  const failing = Promise.withResolvers<BoxyardError>();
  const refused = Promise.withResolvers<undefined>();
  const children: Supervised[] = [];
  const stop = async () => {
    for (const child of children.toReversed()) await child.stop(stopMs);
    removeUpFile(paths, pid);
  };
  const start = (child: Child): Supervised => {
    const started = startChild(child, options, {failed: failing.resolve, refused: () => refused.resolve(undefined), record});
    children.push(started);
    return started;
  };
  const startAgent = (url: string) => start({name: 'agent', args: ['--url', url, ...localEngines], finalCodes: [2, refusedCode, 6]});
  try {
    start({name: 'server', args: ['--listen', formatListen(options.listen), ...options.serverArguments], finalCodes: [2, 6]});
    const expected = expectedUrl(options);
    const early = expected === undefined ? undefined : startAgent(expected);
    const ready = await Promise.race([serverReady(tokenFile, options), failing.promise.then(error => Promise.reject(error))]);
    const {client} = ready;
    record({url: client.server});
    const url = await joinLocally(ready, options);
    if (url !== expected) {
      await early?.stop(stopMs);
      if (url !== undefined) startAgent(url);
    }
    const noWorker = Promise.race([failing.promise.then(() => undefined), refused.promise.then(() => 'refused' as const)]);
    const found = url === undefined ? undefined : await Promise.race([workerReady(client, paths), noWorker]);
    const worker = found === 'refused' ? undefined : found;
    if (url !== undefined && found === undefined) say(`The worker on this machine is not connected yet; see ${files(paths).agentLog}.`);
    record({readyAt: new Date(options.now()).toISOString()});
    return {url: client.server, tokenFile, worker, stop, failed: failing.promise};
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Where a machine that was the worker of a server of its own finds it again, so that the agent need not wait for the server to
 * load. One that finds another server there is not obeyed by the agent and does not obey it.
 */
function expectedUrl({paths, listen}: UpOptions): string | undefined {
  const known = readWorkerFile(paths);
  const isLocal = known !== undefined && isLoopback(new URL(known.url).hostname) && isLoopback(listen.host);
  return isLocal && listen.port !== 0 ? `ws://${formatListen(listen)}/ws/worker` : undefined;
}

const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);

/** How an agent ends that its server refuses for good: the machine was removed from the pool, not the server on it. */
const refusedCode = 4;
export const removedNotice =
  'This machine was removed from the workers; the server goes on without it. To have it back: boxyard workers invite, boxyard worker join --only, boxyard down, boxyard up -d';

/** R8: on its own loopback worker `up` switches the process engine on, unless its owner has named what it shall have. */
const localEngines = ['podman', 'docker', 'process'].flatMap(engine => ['--usual-engine', engine]);

/** The error that tells what runs here already. */
export async function alreadyRunning(running: UpFile, {paths, env}: Pick<UpOptions, 'paths' | 'env'>): Promise<BoxyardError> {
  const token = readPrivate(files(paths).localToken)?.trim();
  const client = token === undefined ? undefined : createClient({token, env, requestTimeoutMs: 2_000});
  const workers = await client?.workersList().then(
    page => page.items.length,
    () => undefined,
  );
  client?.close();
  return new BoxyardError('ALREADY_RUNNING', {pid: running.pid, ...(workers === undefined ? {} : {workers})});
}

type Change = Partial<UpFile>;

/** Keeps up.json true; every change is written at once. */
function createRecord({paths, pid, now, listen, serverArguments}: UpOptions, tokenFile: string): (change: Change) => void {
  let up: UpFile = {
    pid,
    processStart: processStartOf(pid),
    url: `http://${formatListen(listen)}`,
    tokenFile,
    serverArguments,
    startedAt: new Date(now()).toISOString(),
  };
  writeUpFile(paths, up);
  return change => writeUpFile(paths, (up = {...up, ...change}));
}

interface Told {
  readonly failed: (error: BoxyardError) => void;
  readonly refused: () => void;
  readonly record: (change: Change) => void;
}

interface Child {
  readonly name: 'server' | 'agent';
  readonly args: readonly string[];
  readonly finalCodes: readonly number[];
}

function startChild(
  {name, args, finalCodes}: Child,
  {execPath, root, env, paths, say}: UpOptions,
  {failed, refused, record}: Told,
): Supervised {
  const logFile = name === 'server' ? files(paths).serverLog : files(paths).agentLog;
  let deaths = 0;
  return supervise({
    name,
    command: [execPath, ...programCommand(root, name), ...args],
    env,
    logFile,
    finalCodes,
    onStart: pid => record(name === 'server' ? {serverPid: pid} : {agentPid: pid}),
    onEnd({code, signal, againInMs}) {
      const how = signal === null ? `exit ${code}` : signal;
      if (name === 'agent' && code === refusedCode) {
        say(removedNotice);
        return refused();
      }
      if (againInMs !== undefined) say(`The ${name} ended (${how}); starting it again in ${againInMs / 1000} s. Log: ${logFile}`);
      const hopeless = name === 'server' && ++deaths >= 5;
      if ((againInMs === undefined && code !== 0 && signal !== 'SIGTERM') || hopeless)
        failed(
          new BoxyardError('CONFLICT', {}, {message: `The ${name} cannot run (${how}).`, hint: `${lastWords(logFile)}Log: ${logFile}`}),
        );
    },
  });
}

/** What a program that gave up wrote last, without the log lines of JSON. */
function lastWords(logFile: string): string {
  const lines = (readPrivate(logFile) ?? '').trimEnd().split('\n').slice(-3);
  return lines
    .filter(line => line !== '' && !line.startsWith('{'))
    .map(line => `${line}\n`)
    .join('');
}

interface Ready {
  readonly client: Client;
  readonly installation: string;
}

/** The token file names the address; it is rewritten by the server once it listens, so an old one is simply refused until then. */
async function serverReady(tokenFile: string, {env, now, paths, say, signal}: UpOptions): Promise<Ready> {
  using folder = watchFolder(paths.config);
  const deadline = now() + serverReadyMs;
  const {serverLog} = files(paths);
  const from = statSync(serverLog, {throwIfNoEntry: false})?.size ?? 0;
  const notice = createWaitNotice(serverLog, {from, now, say});
  for (;;) {
    signal?.throwIfAborted();
    notice();
    const line = readPrivate(tokenFile)?.trim();
    if (line !== undefined) {
      const client = createClient({token: line, env, requestTimeoutMs: 2_000});
      const known = await client.whoami().catch(() => undefined);
      client.close();
      if (known !== undefined) return {client: createClient({token: line, env}), installation: known.server.installation};
    }
    if (now() > deadline)
      throw new BoxyardError('CONFLICT', {
        what: 'The server',
        issue: `did not get ready in a minute: ${lastComplaint(serverLog, from) ?? 'it does not answer'}`,
        hint: 'boxyard doctor',
      });
    await folder.changed(serverAgainMs, signal);
  }
}

/** Makes this machine a worker of the local server, once; the agent's address, or undefined where it works for another server. */
async function joinLocally({client, installation}: Ready, {paths, say, join}: UpOptions): Promise<string | undefined> {
  const known = readWorkerFile(paths);
  if (known !== undefined && known.installation !== installation) {
    say(`This machine is a worker of ${known.url}; the server here gets no worker of its own.`);
    return undefined;
  }
  if (known === undefined) {
    const name = await freeName(client);
    const invitation = await client.invitationsCreate({body: {name}});
    await join(invitation.line ?? '', name);
  } else keepLocalKey(paths, known);
  return `${client.server.replace(/^http/, 'ws')}/ws/worker`;
}

async function freeName(client: Client): Promise<string> {
  const taken = new Set((await client.workersList()).items.map(worker => worker.name));
  const base = workerName(hostname());
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base.slice(0, 58)}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** Connected, and each engine has said whether it works: what is said of them, and where the first job goes, depends on it. */
async function workerReady(client: Client, paths: Paths): Promise<WorkerView | undefined> {
  const id = readWorkerFile(paths)?.worker;
  const deadline = performance.now() + workerReadyMs;
  let worker: WorkerView | undefined;
  while (id !== undefined && performance.now() < deadline) {
    const seen = await client.workersShow({worker: id}).catch(() => undefined);
    if (seen?.presence === 'online') worker = seen;
    if (worker !== undefined && worker.engines.length > 0 && !worker.engines.some(isNotAskedYet)) return worker;
    await delay(workerAgainMs);
  }
  return worker;
}
