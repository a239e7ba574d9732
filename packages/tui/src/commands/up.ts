import {hostname, userInfo} from 'node:os';
import {boolean, string} from '@oclif/core/flags';
import type {WorkerView} from '@boxyard/core/api';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';
import {notIsolatedText} from '../output/views/workers.ts';
import {formatListen, parseListen} from '../services/port-holder.ts';
import {rootNotice, startDetached} from '../services/start-detached.ts';
import {removedNotice, startUp, type Up} from '../services/up.ts';
import {findUp, type UpFile} from '../services/up-file.ts';
import {readWorkerFile} from '../services/worker-file.ts';

export default defineCommand({
  summary: 'Start Boxyard on this machine',
  description:
    'Starts a server (with a Redis of its own) and makes this machine its first worker. On a terminal it goes to the background and the dashboard opens; with --no-dashboard, or without a terminal, it stays in the foreground and ends with it.',
  examples: [
    {does: 'With the dashboard', line: 'up'},
    {does: 'In the foreground', line: 'up --no-dashboard'},
    {does: 'In the background, for other machines too', line: 'up --detach --listen 0.0.0.0:4240'},
  ],
  flags: {
    listen: string({
      description: 'where the server listens; beyond loopback it speaks TLS (default 127.0.0.1:4240)',
      helpValue: 'HOST:PORT',
    }),
    'no-dashboard': boolean({description: 'stay in the foreground'}),
    detach: boolean({char: 'd', description: 'go to the background and return when it is ready', exclusive: ['no-dashboard']}),
    'tls-cert': string({description: 'certificate of the server', helpValue: 'FILE', dependsOn: ['tls-key']}),
    'tls-key': string({description: 'its key', helpValue: 'FILE', dependsOn: ['tls-cert']}),
    'public-url': string({description: 'where people reach the server through a proxy', helpValue: 'URL'}),
  },
  async run(context, {flags}) {
    const listen = parseListen(flags.listen ?? context.setting('listen'));
    const more = (['tls-cert', 'tls-key', 'public-url'] as const).flatMap(name =>
      flags[name] === undefined ? [] : [`--${name}`, flags[name]],
    );
    if (userInfo().uid === 0) context.say(rootNotice);
    const {program} = context;
    const isForPerson = program.stdout.isTTY === true && program.stdin.isTTY === true;
    if (flags['no-dashboard'] || (!isForPerson && !flags.detach)) return stayInForeground(context, listen, more);
    if (findUp(context.paths) === undefined || flags.detach) {
      const up = await startDetached(context, ['--listen', formatListen(listen), ...more]);
      if (flags.detach) return started(context, up);
    }
    const {openDashboard} = await import('../dashboard/open-dashboard.ts');
    const worker = await workerHere(context);
    return openDashboard(context, await context.connect(), worker && notIsolatedText(worker));
  },
});

async function started(context: Context, {url, tokenFile, pid}: UpFile): Promise<number> {
  if (context.print.format !== 'table') {
    await context.print.value({url, tokenFile, pid}, url);
    return 0;
  }
  const worker = await workerHere(context);
  const none = worker === undefined ? await whyNoWorker(context) : [];
  const about = [`Boxyard runs at ${url}`, `Token file: ${tokenFile}`, ...workerLines(worker), ...none];
  for (const line of [...about, ...nextLines, '  boxyard down stops it']) context.say(line);
  return 0;
}

const nextLines = ['  boxyard run -- uname -a', '  boxyard workers invite'];

/** This machine as the server knows it; undefined where it works for another one. */
async function workerHere(context: Context): Promise<WorkerView | undefined> {
  const id = readWorkerFile(context.paths)?.worker;
  const {client} = await context.connect();
  return id === undefined ? undefined : client.workersShow({worker: id}).catch(() => undefined);
}

async function whyNoWorker(context: Context): Promise<readonly string[]> {
  const joined = readWorkerFile(context.paths);
  if (joined === undefined) return [];
  const {client} = await context.connect();
  const {server} = await client.whoami();
  return [joined.installation === server.installation ? removedNotice : `No worker here: this machine is one of ${joined.url}.`];
}

function workerLines(worker: WorkerView | undefined): readonly string[] {
  if (worker === undefined) return [];
  const usable = worker.engines.filter(engine => engine.usable).map(engine => engine.name);
  const warning = notIsolatedText(worker);
  return [`Worker: ${worker.name} (${usable.join(', ')})`, ...(warning === undefined ? [] : [warning])];
}

async function stayInForeground(
  context: Context,
  listen: ReturnType<typeof parseListen>,
  serverArguments: readonly string[],
): Promise<number> {
  const {program, paths, say} = context;
  const asked = Promise.withResolvers<void>();
  const stopping = new AbortController();
  void asked.promise.then(() => stopping.abort());
  const releases = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(name => program.onSignal(name, () => asked.resolve()));
  const {env, pid, execPath, root, now} = program;
  const starting = startUp({
    env,
    pid,
    execPath,
    root,
    now,
    paths,
    listen,
    serverArguments,
    say,
    signal: stopping.signal,
    join: (invitation, name) => joinHere(invitation, name, env),
  });
  try {
    const up = await Promise.race([starting, asked.promise.then(() => undefined)]);
    if (up === undefined) {
      await starting.then(
        late => late.stop(),
        () => undefined,
      );
      return 0;
    }
    announce(context, up);
    const failure = await Promise.race([asked.promise.then(() => undefined), up.failed]);
    await up.stop();
    if (failure !== undefined) throw failure;
    say('Boxyard has stopped. DevBoxes stay.');
    return 0;
  } finally {
    releases.forEach(release => release());
  }
}

async function joinHere(invitation: string, name: string, env: Context['program']['env']): Promise<void> {
  const {join} = await import('@boxyard/agent/join');
  await join({invitation, name, hostname: hostname(), env});
}

function announce({program}: Context, up: Up): void {
  const head = [`Boxyard ${program.version} at ${up.url}`, `Token file: ${up.tokenFile}`];
  program.stdout.write([...head, ...workerLines(up.worker), 'ready', ...nextLines].map(line => `${line}\n`).join(''));
}
