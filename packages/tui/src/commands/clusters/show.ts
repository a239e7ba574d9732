import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {clusterName, clusterText} from '../../output/views/clusters.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Show a cluster and its roles',
  description: 'What it was made of, and how many runs of each role go on and wait.',
  examples: [
    {does: 'One cluster', line: 'clusters show team'},
    {does: 'As YAML', line: 'clusters show team -o yaml'},
  ],
  args: {cluster: required('name or id of the cluster')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const show = () => client.clustersShow({cluster: args.cluster});
    const cluster = await withSuggestion(args.cluster, 'cluster', show, () => client.clustersList());
    await context.print.item(cluster, {name: clusterName, text: clusterText});
  },
});
