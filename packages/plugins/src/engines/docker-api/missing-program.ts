import {open} from 'node:fs/promises';
import type Docker from 'dockerode';
import {createLogParser} from './k8s-log.ts';

const TAIL_BYTES = 4_096;
const QUICK_MS = 60_000;

/**
 * podman's init ends with 1 where a shell and docker's init say 127 or 126, so that nobody can tell a program that is not
 * there from one that failed. What it wrote into the log tells. Any other end stays as it is.
 */
export const withShellCode = async (info: Docker.ContainerInspectInfo): Promise<Docker.ContainerInspectInfo> => {
  const {State: state} = info;
  const isQuick = Date.parse(state.FinishedAt) - Date.parse(state.StartedAt) < QUICK_MS;
  if (state.Running || state.ExitCode !== 1 || !isQuick) return info;
  const code = shellCodeOf(await tailOf((info as {LogPath?: string}).LogPath ?? ''));
  return code === undefined ? info : {...info, State: {...state, ExitCode: code}};
};

/** What a shell would have ended with, from the end of a log in k8s-file format; undefined where the program itself had begun. */
export const shellCodeOf = (log: Buffer): 126 | 127 | undefined => {
  // The init writes its one sentence in several parts, and the log keeps each as a line of its own when it came alone.
  const said = Buffer.concat([...createLogParser()(log)].map(({bytes}) => Buffer.from(bytes))).toString('latin1');
  const reason = /ERROR \(catatonit:\d+\): failed to exec pid1: (.*)\n$/.exec(said)?.[1];
  if (reason === undefined) return undefined;
  return reason.startsWith('No such file') ? 127 : 126;
};

const tailOf = async (path: string): Promise<Buffer> => {
  const file = path === '' ? undefined : await open(path, 'r').catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const {size} = await file.stat();
    const {buffer, bytesRead} = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};
