import {string} from '@oclif/core/flags';
import {defineList} from '../../cli/define-list.ts';
import {roleList} from '../../output/views/clusters.ts';

export default defineList({
  summary: 'List roles of clusters',
  description: 'Of all clusters or of one, with how many of their runs go on and wait.',
  examples: [
    {does: 'All of them', line: 'roles list'},
    {does: 'Of one cluster', line: 'roles list --cluster team'},
  ],
  flags: {cluster: string({description: 'only roles of this cluster'})},
  view: roleList,
  async load(client, {flags}) {
    const clusters =
      flags.cluster === undefined ? (await client.clustersList()).items : [await client.clustersShow({cluster: flags.cluster})];
    return {items: clusters.flatMap(cluster => cluster.roles.map(role => ({...role, cluster: cluster.name})))};
  },
});
