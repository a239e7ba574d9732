import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Remove a cluster',
  description: 'With its roles; their runs are cancelled, and stay in the list of jobs. The file it was made of makes it again.',
  examples: [{does: 'Remove it', line: 'clusters remove team'}],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const remove = () => client.clustersRemove({cluster: args.cluster});
    await withSuggestion(args.cluster, 'cluster', remove, () => client.clustersList());
    context.say(`Removed cluster ${args.cluster}.`);
  },
});
