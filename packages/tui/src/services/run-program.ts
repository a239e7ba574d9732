import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {constants} from 'node:os';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import {programCommand} from './program-command.ts';

export interface Runner {
  readonly execPath: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  onSignal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT', listener: () => void): () => void;
}

/** Runs one of our programs in the foreground with our own streams, hands signals on, and resolves to its exit code. */
export async function runProgram(
  name: 'server' | 'agent',
  args: readonly string[],
  {execPath, root, env, onSignal}: Runner,
): Promise<number> {
  const file = join(root, 'dist', `${name}.js`);
  if (!existsSync(file)) throw new BoxyardError('CONFLICT', {what: file, issue: 'is not built', hint: 'sh scripts/setup.sh'});
  const child = spawn(execPath, [...programCommand(root, name), ...args], {stdio: 'inherit', env});
  const releases = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map(signal => onSignal(signal, () => void child.kill(signal)));
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
    });
  } finally {
    releases.forEach(release => release());
  }
}
