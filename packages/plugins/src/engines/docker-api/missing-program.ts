import {open} from 'node:fs/promises';
import type Docker from 'dockerode';

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
  const said = await tailOf((info as {LogPath?: string}).LogPath ?? '');
  const reason = /ERROR \(catatonit:\d+\): failed to exec pid1: (.*)\n$/.exec(said)?.[1];
  if (reason === undefined) return info;
  return {...info, State: {...state, ExitCode: reason.startsWith('No such file') ? 127 : 126}};
};

const tailOf = async (path: string): Promise<string> => {
  const file = path === '' ? undefined : await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const {size} = await file.stat();
    const {buffer, bytesRead} = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
};
