import {homedir, userInfo} from 'node:os';
import {join} from 'node:path';
import {installService, uninstallService, type Installed} from '@boxyard/agent/service';
import type {Context} from './context.ts';

const passedOn = [
  'BOXYARD_CONFIG_DIR',
  'BOXYARD_DATA_DIR',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'PODMAN_PATH',
  'DOCKER_HOST',
  'HTTPS_PROXY',
  'NO_PROXY',
];

/** Installs the service that runs the worker, and says what a person still has to do. */
export async function install(context: Context): Promise<number> {
  const {env, root} = context.program;
  const about = whose(env);
  const kept = Object.fromEntries(passedOn.flatMap(name => (env[name] ? [[name, env[name]]] : [])));
  const done = await installService({
    ...about,
    user: userInfo().username,
    command: [join(root, 'bin/boxyard'), 'worker', 'run'],
    env: kept,
  });
  return tell(context, `Installed ${done.file}.`, done);
}

export async function uninstall(context: Context): Promise<number> {
  const done = await uninstallService(whose(context.program.env));
  return tell(context, `Removed ${done.file}. DevBoxes stay.`, done);
}

const whose = (env: Context['program']['env']) => ({
  home: env['HOME'] || homedir(),
  isRoot: userInfo().uid === 0,
  platform: process.platform,
});

async function tell(context: Context, message: string, done: Installed): Promise<number> {
  if (context.print.format === 'table') [message, ...done.notes].forEach(line => context.say(line));
  else await context.print.value(done, '');
  return 0;
}
