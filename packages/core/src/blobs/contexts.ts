import {createReadStream} from 'node:fs';
import {stat} from 'node:fs/promises';
import {BoxyardError} from '../errors/index.ts';
import type {Blobs} from './blobs.ts';

/** Most bytes of one context. */
const mostBytes = 1024 ** 3;

/**
 * What is to be built of, kept by its SHA-256 for as long as a role names it, and for a day at least: an upload (`u-…`), or what is
 * here (`sha256:…`). Idempotent. `NOT_FOUND`, `BODY_TOO_LARGE`, `NO_SPACE`.
 */
export async function keepContext(blobs: Blobs, tenant: string, context: string): Promise<{readonly hash: string; readonly bytes: number}> {
  const objects = blobs.contexts(tenant);
  const known = /^sha256:([0-9a-f]{64})$/.exec(context)?.[1];
  if (known === undefined) {
    if (!(await blobs.files.hasUpload(tenant, context))) throw notHere(context);
    return objects.put(createReadStream(blobs.files.uploadPath(tenant, context)), mostBytes);
  }
  if (!(await objects.touch(known))) throw notHere(context);
  return {hash: known, bytes: (await stat(objects.path(known))).size};
}

const notHere = (context: string) =>
  new BoxyardError('NOT_FOUND', {what: 'build context', name: context, hint: 'POST /v1/uploads takes a tar and answers with its id.'});
