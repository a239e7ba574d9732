import {isAbsolute, join} from 'node:path';
import {string} from '@oclif/core/flags';
import type {RoleDocument} from '@boxyard/core/api';
import {readRoleFile} from '../services/cluster-file.ts';
import type {Context} from './context.ts';
import {readAll} from './read-all.ts';

export const roleFile = {
  file: string({char: 'f', required: true, description: 'YAML or JSON of one role; - reads stdin', helpValue: 'FILE'}),
};

/** The role in the file that was named; its fields are the server's to check. */
export async function roleIn({program: {cwd, stdin}}: Context, file: string): Promise<RoleDocument> {
  if (file === '-') return readRoleFile('stdin', await readAll(stdin));
  return readRoleFile(isAbsolute(file) ? file : join(cwd, file));
}
