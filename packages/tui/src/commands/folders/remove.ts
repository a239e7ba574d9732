import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {countOf} from '../../output/amounts.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Remove files from the folders of a cluster',
  description: 'The files at PATH and below, for good. Jobs that run keep what they have, and bring back what they change.',
  examples: [
    {does: 'One file', line: 'folders remove team shared/plans/old.md'},
    {does: 'What a run brought', line: 'folders remove team shared/out/j-abc'},
  ],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster'), path: required('a folder, or a path in one')},
  async run(context, {args: {cluster, path}}) {
    const {client} = await context.connect();
    const remove = () => client.foldersRemove({cluster, query: {path}});
    const {removed} = await withSuggestion(cluster, 'cluster', remove, () => client.clustersList());
    context.say(`Removed ${countOf(removed, 'file')}.`);
  },
});
