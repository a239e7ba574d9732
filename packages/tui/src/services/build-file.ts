import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';

const usual = ['Containerfile', 'Dockerfile'] as const;

/** The file that says how to build, inside the directory: the one named, else the usual one that is there. Nothing is sent without one. */
export function buildFile(dir: string, named: string | undefined, fields = {dir: 'DIR', file: '--file'}): string {
  const found = named === undefined ? usual.find(name => existsSync(join(dir, name))) : existsSync(join(dir, named)) ? named : undefined;
  if (found !== undefined) return found;
  throw new BoxyardError('INVALID_INPUT', {
    field: named === undefined ? fields.dir : fields.file,
    issue: `${dir} has no ${named ?? usual.join(' and no ')}`,
    hint: `${fields.file} names it by its path inside the directory`,
  });
}
