import {spawn, type ChildProcess} from 'node:child_process';
import {closeSync, mkdirSync, openSync, renameSync, statSync} from 'node:fs';
import {dirname} from 'node:path';

export interface SupervisedOptions {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes what it prints; moved aside when it has grown past 16 MiB. */
  readonly logFile: string;
  /** Codes after which trying again makes no sense. */
  readonly finalCodes?: readonly number[];
  readonly onStart?: (pid: number) => void;
  /** `again` undefined: it will not be started again. */
  readonly onEnd: (end: {readonly code: number | null; readonly signal: string | null; readonly againInMs: number | undefined}) => void;
}

/** A child in our process group that is started again when it dies. Owned by who made it: `stop` ends it for good. */
export interface Supervised {
  readonly pid: number | undefined;
  /** Asks, waits `graceMs`, kills. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

const firstWaitMs = 500;
const mostWaitMs = 30_000;
/** A child that lived this long was well; its next death starts the waits anew. */
const healthyMs = 30_000;
const largestLog = 16 * 1024 * 1024;

export function supervise(options: SupervisedOptions): Supervised {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopping = false;
  let waitMs = firstWaitMs;

  const start = () => {
    const startedAt = performance.now();
    const [file, ...args] = options.command;
    const log = openLog(options.logFile);
    child = spawn(file, args, {env: options.env, stdio: ['ignore', log, log]});
    closeSync(log);
    child.once('error', () => undefined);
    if (child.pid !== undefined) options.onStart?.(child.pid);
    child.once('close', (code, signal) => {
      child = undefined;
      const isFinal = isStopping || (code !== null && (options.finalCodes ?? []).includes(code));
      if (performance.now() - startedAt > healthyMs) waitMs = firstWaitMs;
      options.onEnd({code, signal, againInMs: isFinal ? undefined : waitMs});
      if (isFinal) return;
      timer = setTimeout(start, waitMs);
      waitMs = Math.min(mostWaitMs, waitMs * 2);
    });
  };
  start();

  return {
    get pid() {
      return child?.pid;
    },
    async stop(graceMs) {
      isStopping = true;
      clearTimeout(timer);
      const ending = child;
      if (ending === undefined) return;
      const ended = new Promise<void>(resolve => ending.once('close', () => resolve()));
      ending.kill('SIGTERM');
      const kill = setTimeout(() => ending.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
    },
  };
}

function openLog(file: string): number {
  mkdirSync(dirname(file), {recursive: true, mode: 0o700});
  if ((statSync(file, {throwIfNoEntry: false})?.size ?? 0) > largestLog) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}
