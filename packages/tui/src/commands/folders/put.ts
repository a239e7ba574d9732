import {stat} from 'node:fs/promises';
import {basename, posix, resolve} from 'node:path';
import {boolean} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {countOf} from '../../output/amounts.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {packTree} from '../../services/pack-tree.ts';

export default defineCommand({
  summary: 'Put files into a folder of a cluster',
  description:
    'What is in the directory FROM comes to lie below PATH; a file comes into PATH under its own name. What is there under the same names is replaced, all in one step; --mirror also removes what FROM does not have. Plain files alone: links are refused. Roles that watch the folder are started.',
  examples: [
    {does: 'What is in a directory', line: 'folders put team ./plans shared/plans'},
    {does: 'A file', line: 'folders put team today.md shared/plans'},
    {does: 'And remove what the directory does not have', line: 'folders put team ./plans shared/plans --mirror'},
  ],
  hasDryRun: true,
  args: {
    cluster: required('name or id of the cluster'),
    from: required('file or directory here'),
    path: required('a folder of the cluster, or a path in one'),
  },
  flags: {mirror: boolean({description: 'remove what is there and not in FROM'})},
  async run(context, {args: {cluster, from, path}, flags}) {
    const {client} = await context.connect();
    const full = resolve(context.program.cwd, from);
    const about = await stat(full).catch((cause: unknown) => {
      throw new BoxyardError('NOT_FOUND', {what: 'file', name: from, list: 'ls'}, {cause});
    });
    if (flags.mirror && !about.isDirectory())
      throw new BoxyardError('INVALID_INPUT', {field: '--mirror', issue: `goes with a directory, and ${from} is a file`});
    const name = about.isDirectory() ? '' : basename(full);
    const tar = await packTree(full, name, {skipped: each => context.say(`${each} is no file and stays here.`)});
    const query = {path, ...(flags.mirror ? {mirror: 'true' as const} : {})};
    const put = () => client.foldersPut({cluster, query}, tar);
    const done = await withSuggestion(cluster, 'cluster', put, () => client.clustersList());
    const {print, say} = context;
    if (print.format !== 'table' && print.format !== 'name') return void (await print.value(done, ''));
    const removed = done.removed === 0 ? '' : `, ${countOf(done.removed, 'file')} removed`;
    return say(`Put ${countOf(done.files, 'file')} into ${posix.join(done.path, name)}: ${done.changed} changed${removed}.`);
  },
});
