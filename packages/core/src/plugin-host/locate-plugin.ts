import {readFileSync, statSync} from 'node:fs';
import {findPackageJSON} from 'node:module';
import {dirname, join, resolve, sep} from 'node:path';
import {fileURLToPath} from 'node:url';

/** Where a plugin lies on this machine. */
export interface PluginPlace {
  /** What is imported. */
  readonly file: string;
  /** The folder that its integrity covers; absent where a single file was named, which is then all that is covered. */
  readonly root?: string | undefined;
  /** Of the package.json in `root`. */
  readonly version?: string | undefined;
}

/**
 * Finds what a config's `module` names: a path (meant from the first of `from`), a `file:` address, or the name of a package, looked
 * for beside each of the files `from` in turn. Undefined: a package that is in none of these places.
 */
export function locatePlugin(module: string, from: readonly string[]): PluginPlace | undefined {
  if (isPath(module)) {
    const path = module.startsWith('file:') ? fileURLToPath(module) : resolve(dirname(from[0] ?? '.'), module);
    return isFolder(path) ? inFolder(path, '.') : {file: path};
  }
  const [, name = module, rest = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(module) ?? [];
  for (const base of from) {
    const manifest = findManifest(name, base);
    if (manifest !== undefined) return inFolder(dirname(manifest), `.${rest}`);
  }
  return undefined;
}

const isPath = (module: string): boolean => /^(?:\.{0,2}\/|\.{1,2}$|file:)/.test(module);
const isFolder = (path: string): boolean => statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;

/** Told of its folder's name, Node answers only for packages that say what they export. */
function findManifest(name: string, base: string): string | undefined {
  try {
    return findPackageJSON(`${name}/package.json`, resolve(base)) ?? findPackageJSON(name, resolve(base));
  } catch {
    return undefined;
  }
}

interface Manifest {
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
}

function inFolder(root: string, subpath: string): PluginPlace {
  const manifest = readManifest(root);
  const fallback = subpath === '.' ? (typeof manifest.main === 'string' ? manifest.main : 'index.js') : subpath;
  const file = join(root, entryOf(manifest.exports, subpath) ?? fallback);
  const version = typeof manifest.version === 'string' ? manifest.version : undefined;
  // What leads out of the folder is not covered by it.
  return {file, version, ...(file.startsWith(root + sep) ? {root} : {})};
}

function readManifest(root: string): Manifest {
  try {
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest | null) ?? {};
  } catch {
    return {};
  }
}

/** The `exports` of a package.json as far as a plugin needs them: a text, conditions, subpaths without patterns. */
function entryOf(exported: unknown, subpath: string): string | undefined {
  if (typeof exported === 'string') return subpath === '.' ? exported : undefined;
  if (exported === null || typeof exported !== 'object') return undefined;
  const found = exported as Record<string, unknown>;
  if (subpath in found) return conditional(found[subpath]);
  return subpath === '.' ? conditional(found) : undefined;
}

function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (target === null || typeof target !== 'object') return undefined;
  for (const condition of ['node', 'import', 'module-sync', 'default']) {
    const found = conditional((target as Record<string, unknown>)[condition]);
    if (found !== undefined) return found;
  }
  return undefined;
}
