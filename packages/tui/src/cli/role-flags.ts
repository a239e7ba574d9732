import {dirname, isAbsolute, join} from 'node:path';
import {string} from '@oclif/core/flags';
import type {RoleDocument} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {readRoleFile} from '../services/cluster-file.ts';
import {withBuilds} from '../services/role-builds.ts';
import type {Context} from './context.ts';
import {readAll} from './read-all.ts';

export const roleFile = {
  file: string({char: 'f', required: true, description: 'YAML or JSON of one role; - reads stdin', helpValue: 'FILE'}),
};

/** Asks with the role in the file that was named, whose directory to build was sent; its fields are the server's to check. */
export async function withRoleIn<T>(
  {program: {cwd, stdin}}: Context,
  {client, file}: {readonly client: Client; readonly file: string},
  ask: (role: RoleDocument) => Promise<T>,
): Promise<T> {
  const path = isAbsolute(file) ? file : join(cwd, file);
  const role = file === '-' ? await readRoleFile('stdin', await readAll(stdin)) : await readRoleFile(path);
  return withBuilds({client, base: file === '-' ? cwd : dirname(path)}, [role], ([named]) => ask(named!));
}
