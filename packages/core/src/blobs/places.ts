import {join} from 'node:path';
import {BoxyardError} from '../errors/index.ts';
import type {OutputName} from '../protocol/index.ts';
import type {ResultRef} from './rules-results.ts';

/** Where bytes lie in `BLOB_DIR`: by tenant, job, attempt and stream. Parts are ids of ours; anything else is refused. */
export function blobPlaces(dir: string) {
  const part = (text: string): string => {
    if (!/^[a-z0-9-]{1,64}$/.test(text)) throw new BoxyardError('NOT_FOUND', {what: 'blob', name: text.slice(0, 40)});
    return text;
  };
  const job = (tenant: string, id: string) => join(dir, 'jobs', part(tenant), part(id));
  const attempt = (tenant: string, id: string, number: number) => join(job(tenant, id), String(number));
  return {
    dir,
    tenantJobs: (tenant: string) => join(dir, 'jobs', part(tenant)),
    jobs: join(dir, 'jobs'),
    job,
    attempt,
    output: (tenant: string, id: string, number: number, name: OutputName) => join(attempt(tenant, id, number), name),
    out: (tenant: string, id: string, number: number) => join(attempt(tenant, id, number), 'out.tar'),
    /** What an attempt changed in its cluster's folders, and what else is noted of an attempt. */
    changes: (tenant: string, id: string, number: number) => join(attempt(tenant, id, number), 'folders.pack'),
    note: (tenant: string, id: string, number: number, name: string) => join(attempt(tenant, id, number), `${part(name)}.json`),
    folders: (tenant: string, cluster: string) => join(dir, 'folders', part(tenant), part(cluster)),
    allFolders: join(dir, 'folders'),
    contexts: (tenant: string) => join(dir, 'contexts', part(tenant)),
    /** Where `openFolderObjects` has it. */
    context: (tenant: string, hash: string) => join(dir, 'contexts', part(tenant), part(hash).slice(0, 2), hash),
    allContexts: join(dir, 'contexts'),
    result: (tenant: string, id: string, {attempt: number, hash}: ResultRef) =>
      join(attempt(tenant, id, number), `result-${part(hash)}.json`),
    stdin: (tenant: string, id: string) => join(job(tenant, id), 'stdin'),
    taken: (tenant: string, id: string, blob: string) => join(job(tenant, id), `upload-${part(blob)}`),
    uploads: (tenant: string) => join(dir, 'uploads', part(tenant)),
    upload: (tenant: string, blob: string) => join(dir, 'uploads', part(tenant), part(blob)),
  };
}
export type BlobPlaces = ReturnType<typeof blobPlaces>;
