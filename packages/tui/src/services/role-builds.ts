import {createHash} from 'node:crypto';
import {resolve} from 'node:path';
import type {BuildOf, RoleDocument, RoleFile} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {isBoxyardError} from '@boxyard/core/errors';
import {buildFile} from './build-file.ts';
import {packDir} from './pack-dir.ts';

/** Of every file of a context, so that the same files are the same context, whenever and wherever they were checked out. */
const mtime = new Date('2000-01-01T00:00:00Z');

/**
 * Asks with the roles of a file, whose builds name directories from `base`: by what is in them, and where the server does not have
 * that yet, by what was sent to it.
 */
export async function withBuilds<T>(
  {client, base}: {readonly client: Pick<Client, 'uploads'>; readonly base: string},
  roles: readonly RoleFile[],
  ask: (roles: RoleDocument[]) => Promise<T>,
): Promise<T> {
  const contexts = new Map<string, string>();
  const named: RoleDocument[] = [];
  for (const role of roles) named.push(await byContent(role, base, contexts));
  return ask(named).catch(async (error: unknown) => {
    if (!isBoxyardError(error) || error.code !== 'NOT_FOUND' || error.details['what'] !== 'build context') throw error;
    const sent = new Map<string, string>();
    for (const [context, dir] of contexts) sent.set(context, (await client.uploads((await packDir(dir, 'build', mtime)).stream)).blob);
    return ask(named.map(role => withContext(role, sent)));
  });
}

/** What a run is to be built of, sent. */
export async function buildOf(client: Pick<Client, 'uploads'>, dir: string, named: string | undefined): Promise<BuildOf> {
  const {stream} = await packDir(dir, '--build', mtime);
  const file = buildFile(dir, named, {dir: '--build', file: '--build-file'});
  return {context: (await client.uploads(stream)).blob, file};
}

/** `contexts` learns which directory has what. */
async function byContent({build, ...role}: RoleFile, base: string, contexts: Map<string, string>): Promise<RoleDocument> {
  const asked = typeof build === 'string' ? {context: build} : build;
  // Left to the server to refuse, or known to it.
  if (typeof asked?.context !== 'string' || asked.context.startsWith('sha256:')) return {...role, ...(asked && {build: asked})};
  const dir = resolve(base, asked.context);
  const field = `roles.${role.name}.build`;
  const {stream} = await packDir(dir, field, mtime);
  // Before a directory that may be all of a disk is read.
  const file = buildFile(dir, asked.file, {dir: field, file: `${field}.file`});
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk as Uint8Array);
  const context = `sha256:${hash.digest('hex')}`;
  contexts.set(context, dir);
  return {...role, build: {...asked, context, file} satisfies BuildOf};
}

function withContext(role: RoleDocument, sent: ReadonlyMap<string, string>): RoleDocument {
  const blob = role.build && sent.get(role.build.context);
  return blob === undefined ? role : {...role, build: {...role.build!, context: blob}};
}
