import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {clusterName, clusterText} from '../../output/views/clusters.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Let no role of a cluster run',
  description: 'Cancels its runs, also those that wait, and refuses new ones until it is enabled again.',
  examples: [{does: 'Disable it', line: 'clusters disable team'}],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const change = () => client.clustersUpdate({cluster: args.cluster, body: {enabled: false}});
    const cluster = await withSuggestion(args.cluster, 'cluster', change, () => client.clustersList());
    if (context.print.format === 'table') return context.say(`${cluster.name} is disabled.`);
    await context.print.item(cluster, {name: clusterName, text: clusterText});
  },
});
