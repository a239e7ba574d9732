import {BoxyardError} from '../errors/index.ts';
import type {BoxFiles, FileService} from '../services.ts';
import {parseTarget} from './rules-target.ts';
import type {DevBoxRecord} from './rules.ts';

export interface FileServiceDeps {
  readonly getDevBox: (tenant: string, devbox: string) => Promise<DevBoxRecord>;
  /** Throws `WORKER_OFFLINE`. */
  readonly filesOn: (worker: string) => BoxFiles;
}

/** Files of DevBoxes, also of stopped ones where the engine can. */
export function createFileService({getDevBox, filesOn}: FileServiceDeps): FileService {
  const find = async (tenant: string, devbox: string, path: string) => {
    const record = await getDevBox(tenant, devbox);
    const {worker, engine, box} = parseTarget(record);
    const of = {tenant, engine, box, path};
    return {record, files: filesOn(worker), of};
  };
  return {
    stat: async (tenant, devbox, path, signal) => {
      const {files, of} = await find(tenant, devbox, path);
      return {path, kind: await files.stat(of, signal)};
    },
    get: async (tenant, devbox, path, signal) => {
      const {files, of} = await find(tenant, devbox, path);
      return files.get(of, signal);
    },
    put: async (tenant, devbox, path, {tar, signal}) => {
      const {record, files, of} = await find(tenant, devbox, path);
      if (record.removal !== undefined)
        throw new BoxyardError('CONFLICT', {
          what: `DevBox ${record.name}`,
          issue: 'is being removed',
          hint: `boxyard devboxes restore ${record.name}`,
        });
      return {path, bytes: await files.put(of, tar, signal)};
    },
  };
}
