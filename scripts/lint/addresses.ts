import {readFileSync} from 'node:fs';
import {dirname, join, resolve, sep} from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');

/** `packages/core/src/jobs/store.ts` is `core/jobs/store.ts`; undefined for files that are no product code. */
export function addressOf(file: string): string | undefined {
  const inside = resolve(file)
    .slice(repository.length + 1)
    .split(sep)
    .join('/');
  return /^packages\/([^/]+)\/src\/(.+)$/.exec(inside)?.slice(1).join('/');
}

/** The address an import leads to; undefined for third-party packages and Node's own. */
export function addressOfImport(specifier: string, importer: string): string | undefined {
  if (specifier.startsWith('.')) return addressOf(resolve(dirname(importer), specifier));
  const [, name, subpath] = /^@boxyard\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const target = exportTarget(name, subpath === undefined ? '.' : `./${subpath}`);
  return target === undefined ? `${name}/${subpath ?? ''}` : addressOf(join(repository, 'packages', name, target));
}

/** Whether the address lies at or below the pattern. */
export function matches(address: string, pattern: string): boolean {
  const names = address.split('/');
  return pattern.split('/').every((part, i) => names[i] !== undefined && matchesName(names[i], part));
}

function matchesName(name: string, part: string): boolean {
  const [before = '', after] = part.split('*');
  return after === undefined
    ? name === part
    : name.startsWith(before) && name.endsWith(after) && name.length > before.length + after.length;
}

const exportsOf = new Map<string, Record<string, string>>();

function exportTarget(name: string, key: string): string | undefined {
  const map =
    exportsOf.get(name) ??
    (JSON.parse(readFileSync(join(repository, 'packages', name, 'package.json'), 'utf8')).exports as Record<string, string>);
  exportsOf.set(name, map);
  for (const [pattern, target] of Object.entries(map)) {
    if (pattern === key) return target;
    const [before = '', after] = pattern.split('*');
    if (after === undefined || !key.startsWith(before) || !key.endsWith(after)) continue;
    return target.replace('*', key.slice(before.length, key.length - after.length));
  }
  return undefined;
}
