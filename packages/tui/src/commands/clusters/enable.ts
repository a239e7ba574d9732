import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {clusterName, clusterText} from '../../output/views/clusters.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Let the roles of a cluster run',
  description: 'Nothing is started by it.',
  examples: [{does: 'Enable it', line: 'clusters enable team'}],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const change = () => client.clustersUpdate({cluster: args.cluster, body: {enabled: true}});
    const cluster = await withSuggestion(args.cluster, 'cluster', change, () => client.clustersList());
    if (context.print.format === 'table') return context.say(`${cluster.name} is enabled.`);
    await context.print.item(cluster, {name: clusterName, text: clusterText});
  },
});
