import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {text} from 'node:stream/consumers';
import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from './context.ts';

/** The first line of a file, or of stdin for `-`: a secret has no place on a command line. */
export async function readSecret({program}: Context, file: string, field: string): Promise<string> {
  const content =
    file === '-'
      ? await text(program.stdin)
      : await readFile(resolve(program.cwd, file), 'utf8').catch((cause: unknown) => {
          const issue = `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`;
          throw new BoxyardError('INVALID_INPUT', {field, issue}, {cause});
        });
  return content.split(/\r?\n/, 1)[0]!.trim();
}
