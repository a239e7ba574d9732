import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import {integrityOf, locatePlugin, type PluginPlace} from '@boxyard/core/plugin-host';
import type {Program} from '../cli/context.ts';
import type {ModuleHere} from '../output/views/plugins.ts';

/** A path is meant from here; a package is looked for here and beside Boxyard. `PLUGIN_INVALID` where there is none. */
export function findModule(module: string, {cwd, root}: Pick<Program, 'cwd' | 'root'>): PluginPlace {
  const from = [join(cwd, 'here'), join(root, 'here')];
  // Who types a folder's name without ./ means the folder.
  const place = locatePlugin(module, from) ?? (existsSync(join(cwd, module)) ? locatePlugin(`./${module}`, from) : undefined);
  if (place !== undefined && existsSync(place.file)) return place;
  const issue = place === undefined ? 'there is no such package' : `there is no ${place.file}`;
  const hint = place?.root === undefined ? 'Name its path, or install it beside Boxyard.' : 'Build it first: npm run build, in its folder.';
  throw new BoxyardError('PLUGIN_INVALID', {plugin: module, problem: 'not-found', issue, hint});
}

/** Version and integrity of what lies there. Nothing of it is run. */
export async function lookAtModule(module: string, program: Pick<Program, 'cwd' | 'root'>): Promise<ModuleHere> {
  const place = findModule(module, program);
  const integrity = await integrityOf(place).catch((cause: unknown) => {
    throw new BoxyardError(
      'PLUGIN_INVALID',
      {plugin: module, problem: 'integrity', issue: `its files cannot be looked at: ${(cause as Error).message}`},
      {cause},
    );
  });
  const {file, root, version} = place;
  const covers = root === undefined ? 'this file alone' : `all files in ${root} but node_modules and .git`;
  // A config file may lie elsewhere than where this is typed.
  const named = /^(?:[./]|file:)/.test(module) || module.includes('/') ? (root ?? file) : module;
  return {module: named, file, version, integrity, covers};
}
