import type {Attempt, Gap, LogEnd} from '@boxyard/core/protocol';
import {gapsOf, lengthsOf, listSegments, spoolDir} from './session-host/spool.ts';
import type {Parts} from './steps/index.ts';

/**
 * How much an attempt has written, when it is over. Its programs' ends say it where nothing but programs wrote; else the session
 * host is asked, which also has what came by `append`, and without one the files are looked at.
 */
export async function writtenOf(
  parts: Pick<Parts, 'held' | 'host' | 'stateDir'>,
  of: {readonly job: string; readonly attempt: Attempt},
  hasAppended: boolean,
): Promise<{lengths: LogEnd; gaps: Gap[]}> {
  const dir = spoolDir(parts.stateDir, of.job, of.attempt);
  const programs = parts.held.of(of);
  if (!hasAppended && programs.length > 0 && programs.every(({is}) => is === 'ended'))
    return {lengths: programs.map(({lengths}) => lengths).reduce(longer), gaps: gapsOf(dir)};
  const segments = listSegments(dir);
  if (!hasAppended && programs.length === 0 && segments.length === 0) return {lengths: lengthsOf([]), gaps: []};
  try {
    return await parts.host.lengths(of);
  } catch {
    const found = listSegments(dir);
    return {lengths: lengthsOf(found), gaps: gapsOf(dir, found)};
  }
}

/** All write into one spool, so each end says what was there by then. */
const longer = (one: LogEnd, other: LogEnd): LogEnd => ({
  stdout: Math.max(one.stdout, other.stdout),
  stderr: Math.max(one.stderr, other.stderr),
  log: Math.max(one.log, other.log),
});
