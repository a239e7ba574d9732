import {files, parseTicket, readPrivate, writePrivate, type Paths} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';

/** What a machine keeps of the server it joined; `worker join` writes it, the agent reads it. */
export interface WorkerFile {
  readonly worker: string;
  readonly tenant: string;
  readonly installation?: string | undefined;
  readonly url: string;
  readonly fingerprint?: string | undefined;
}

export function readWorkerFile(paths: Paths): WorkerFile | undefined {
  const file = files(paths).worker;
  const text = readPrivate(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as WorkerFile;
  } catch (cause) {
    throw new BoxyardError(
      'CONFIG_INVALID',
      {file, issue: 'it is not what boxyard worker join writes', hint: 'boxyard worker join'},
      {cause},
    );
  }
}

/** The key that the server on this machine shows now is the one its owner's token names: it changes with where the server listens. */
export function keepLocalKey(paths: Paths, known: WorkerFile): void {
  const {fingerprint} = parseTicket(readPrivate(files(paths).localToken)?.trim() ?? '', 'bxt');
  if (fingerprint !== known.fingerprint) writePrivate(files(paths).worker, `${JSON.stringify({...known, fingerprint}, undefined, 2)}\n`);
}

/** A machine's name as the server takes names. */
export const workerName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63) || 'worker';
