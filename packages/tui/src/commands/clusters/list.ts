import {defineList} from '../../cli/define-list.ts';
import {clusterList} from '../../output/views/clusters.ts';

export default defineList({
  summary: 'List clusters',
  description: 'Each with its roles, and how many runs of them go on.',
  examples: [
    {does: 'All of them', line: 'clusters list'},
    {does: 'As they change', line: 'clusters list --watch'},
  ],
  view: clusterList,
  load: client => client.clustersList(),
});
