import {readFile} from 'node:fs/promises';
import type {ClusterFile, RoleFile} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';

/** Where a document's values are texts, whatever YAML made of them: a version, a port, `on`. */
const texts = ['env', 'secrets', 'labels', 'matrix', 'command', 'gather'] as const;

/** The document in a YAML or JSON file, or in `text` where it was read elsewhere. Its fields are the server's to check. */
export async function readClusterFile(file: string, text?: string): Promise<ClusterFile> {
  const content = await contentOf(file, text);
  if (!isObject(content)) throw invalid(file, 'expected a name and roles');
  const roles = Array.isArray(content['roles'])
    ? content['roles'].map(role => (isObject(role) ? withTexts(role) : role))
    : content['roles'];
  return {...content, roles} as ClusterFile;
}

/** The same for one role by itself. */
export async function readRoleFile(file: string, text?: string): Promise<RoleFile> {
  const content = await contentOf(file, text);
  if (!isObject(content) || typeof content['name'] !== 'string') throw invalid(file, 'expected the fields of a role, its name first');
  return withTexts(content) as RoleFile;
}

async function contentOf(file: string, text: string | undefined): Promise<unknown> {
  const {parseDocument} = await import('yaml');
  const parsed = parseDocument(text ?? (await readNamed(file)), {prettyErrors: true, uniqueKeys: true});
  const [error] = parsed.errors;
  if (error?.code === 'MULTIPLE_DOCS') throw invalid(file, 'holds more than one document: each has a file of its own');
  if (error !== undefined) throw invalid(file, `is not YAML: ${error.message.split('\n')[0]}`);
  try {
    return parsed.toJS({maxAliasCount: 100});
  } catch (cause) {
    // Aliases that stand for too much, or for nothing.
    throw invalid(file, `is not YAML as it is read here: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const readNamed = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalid(file, error.code === 'ENOENT' ? 'is not there' : error.code === 'EISDIR' ? 'is a directory' : error.message);
  });

function withTexts(role: Record<string, unknown>): Record<string, unknown> {
  const changed = texts.filter(name => name in role).map(name => [name, textOf(role[name])]);
  const each = isObject(role['each']) && 'list' in role['each'] ? {each: {...role['each'], list: textOf(role['each']['list'])}} : {};
  const build = isObject(role['build']) && 'args' in role['build'] ? {build: {...role['build'], args: textOf(role['build']['args'])}} : {};
  return {...role, ...Object.fromEntries(changed), ...each, ...build};
}

function textOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(textOf);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, textOf(inner)]));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (file: string, issue: string) => new BoxyardError('CONFIG_INVALID', {file, issue, hint: ''});
