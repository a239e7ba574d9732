import {homedir, userInfo} from 'node:os';
import {join} from 'node:path';
import {installService, uninstallService, type Installed} from '@boxyard/agent/service';
import type {Context} from './context.ts';

/** What the worker goes by, as it is here now: a service starts with next to nothing in its environment. */
const kept = [
  'HOME',
  'PATH',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'BOXYARD_CONFIG_DIR',
  'BOXYARD_DATA_DIR',
  'BOXYARD_STATE_DIR',
  'CONTAINER_HOST',
  'CONTAINERS_CONF',
  'DOCKER_HOST',
  ...['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'].flatMap(name => [name, name.toLowerCase()]),
  ...['AGENT_CONFIG', 'AGENT_MODE', 'DATA_DIR', 'LOG_LEVEL', 'ORCHESTRATOR_WS_URL', 'PODMAN_PATH', 'SECURITY_FLOOR', 'WORKER_NAME'].flatMap(
    name => [name, `BOXYARD_${name}`],
  ),
];

/** Installs the service that runs the worker with these flags, and says what a person still has to do. */
export async function install(context: Context, flags: readonly string[]): Promise<number> {
  const {env, root} = context.program;
  const done = await installService({
    ...whose(env),
    user: userInfo().username,
    command: [join(root, 'bin/boxyard'), 'worker', 'run', ...flags],
    env: Object.fromEntries(kept.flatMap(name => (env[name] ? [[name, env[name]]] : []))),
    secretsFile: join(context.paths.config, 'worker.env'),
  });
  return tell(context, [`Installed ${done.file}.`], done);
}

export async function uninstall(context: Context): Promise<number> {
  const secretsFile = join(context.paths.config, 'worker.env');
  const done = await uninstallService({...whose(context.program.env), secretsFile});
  return tell(context, done.commands.length === 0 ? [] : [`Removed ${done.file}. DevBoxes stay.`], done);
}

const whose = (env: Context['program']['env']) => ({
  home: env['HOME'] || homedir(),
  isRoot: userInfo().uid === 0,
  platform: process.platform,
});

async function tell(context: Context, messages: readonly string[], done: Installed): Promise<number> {
  if (context.print.format === 'table') [...messages, ...done.notes].forEach(line => context.say(line));
  else await context.print.value(done, '');
  return 0;
}
