import {spawn} from 'node:child_process';
import {closeSync, openSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {files, privateDir, type Paths} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {createWaitNotice} from './not-ready.ts';
import {alreadyRunning} from './up.ts';
import {findUp, type UpFile} from './up-file.ts';

export interface Starter {
  readonly program: {
    readonly execPath: string;
    readonly root: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly now: () => number;
  };
  readonly paths: Paths;
  readonly say: (line: string) => void;
}

const readyMs = 90_000;

/** Said by the one who starts it as well. */
export const rootNotice = 'Running as root: DevBoxes and files will be root’s.';

/** Starts `boxyard up` in a session of its own and resolves when it is ready. Its error is ours where it gives up. */
export async function startDetached({program, paths, say}: Starter, args: readonly string[]): Promise<UpFile> {
  const {execPath, root, env, now} = program;
  const running = findUp(paths);
  if (running !== undefined) throw await alreadyRunning(running, {paths, env});
  const logFile = files(paths).upLog;
  privateDir(paths.state);
  const from = statSync(logFile, {throwIfNoEntry: false})?.size ?? 0;
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(execPath, [join(root, 'bin/boxyard'), 'up', '--no-dashboard', ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env,
    cwd: '/',
  });
  closeSync(log);
  child.unref();
  let isOver = false;
  child.once('exit', () => (isOver = true));
  child.once('error', () => (isOver = true));
  const deadline = performance.now() + readyMs;
  const {serverLog} = files(paths);
  const notice = createWaitNotice(serverLog, {from: statSync(serverLog, {throwIfNoEntry: false})?.size ?? 0, now, say});
  for (;;) {
    const up = findUp(paths);
    if (up?.pid === child.pid && up?.readyAt !== undefined) return up;
    if (isOver) throw gaveUp(readFileSync(logFile).subarray(from).toString(), logFile);
    if (performance.now() > deadline)
      throw new BoxyardError('CONFLICT', {what: 'Boxyard', issue: 'did not get ready', hint: `Log: ${logFile}`});
    notice();
    await delay(50);
  }
}

/** Its last words are its error and the way out, already worded for a person. */
function gaveUp(text: string, logFile: string): BoxyardError {
  const lines = text.split('\n').filter(line => line.trim() !== '' && line !== rootNotice);
  const [message = 'Boxyard could not be started.', ...hint] = lines.slice(-3);
  return new BoxyardError('CONFLICT', {}, {message, hint: [...hint, `Log: ${logFile}`].join('\n')});
}
