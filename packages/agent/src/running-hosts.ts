import {createHash} from 'node:crypto';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

export interface RunningHost {
  /** Of its code. */
  readonly version: string;
  readonly pid: number;
}

/** Which code a session host's file is: an agent with other code starts a session host of its own beside it (R33). */
export const versionOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);

/** The session hosts of this state directory that live; more than one while an older one finishes what it holds. */
export function runningHosts(stateDir: string): RunningHost[] {
  return versionsIn(stateDir).flatMap(version => {
    const pid = pidOf(stateDir, version);
    return pid === undefined ? [] : [{version, pid}];
  });
}

export interface HostShown extends RunningHost {
  /** Of other code than this file: it finishes what it holds and ends. */
  readonly isOlder: boolean;
}

export function hostsBeside(stateDir: string, installed: string): HostShown[] {
  const current = existsSync(installed) ? versionOf(installed) : undefined;
  return runningHosts(stateDir).map(host => ({...host, isOlder: host.version !== current}));
}

export const isRunning = (stateDir: string, version: string): boolean => pidOf(stateDir, version) !== undefined;

/** Those that ever ran there and were not cleared away. */
export function versionsIn(stateDir: string): string[] {
  try {
    return readdirSync(stateDir).flatMap(name => /^host-([0-9a-f]+)\.pid$/.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}

/** A pid comes back after a while: only one whose command line names this directory is it. */
function pidOf(stateDir: string, version: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(stateDir, `host-${version}.pid`), 'utf8').trim());
    process.kill(pid, 0);
    return commandLineOf(pid)?.includes(version) === false ? undefined : pid;
  } catch {
    return undefined;
  }
}

function commandLineOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return undefined;
  }
}
