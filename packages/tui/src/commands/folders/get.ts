import {mkdir} from 'node:fs/promises';
import {posix, resolve} from 'node:path';
import {Args} from '@oclif/core';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {countOf} from '../../output/amounts.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {unpackOut} from '../../services/unpack-out.ts';

export default defineCommand({
  summary: 'Bring files of a cluster’s folders here',
  description:
    'What lies at and below PATH comes into DIR, which is made where it is missing; without DIR into one here with the last name of PATH. Each file appears whole or not at all.',
  examples: [
    {does: 'A folder', line: 'folders get team shared/plans ./plans'},
    {does: 'What all copies of a run brought', line: 'folders get team shared/out/j-abc ./out'},
    {does: 'One file into the directory you are in', line: 'folders get team shared/plans/today.md .'},
  ],
  args: {
    cluster: required('name or id of the cluster'),
    path: required('a folder, or a path in one'),
    dir: Args.string({description: 'where to'}),
  },
  async run(context, {args: {cluster, path, dir}}) {
    const {client} = await context.connect();
    const given = dir ?? (posix.basename(path) || '.');
    const target = resolve(context.program.cwd, given);
    const get = async () => {
      const tar = client.foldersGet({cluster, query: {path}})[Symbol.asyncIterator]();
      // Nothing is made here for a path that is not there.
      const first = await tar.next();
      await mkdir(target, {recursive: true});
      return unpackOut(joined(first, tar), target);
    };
    const files = await withSuggestion(cluster, 'cluster', get, () => client.clustersList());
    const {print, say} = context;
    if (print.format !== 'table' && print.format !== 'name') return void (await print.value({files, to: given}, ''));
    return say(`Brought ${countOf(files.length, 'file')} to ${given}.`);
  },
});

async function* joined(first: IteratorResult<Uint8Array>, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
}
