import {defineList} from '../../cli/define-list.ts';
import {workerList} from '../../output/views/workers.ts';

export default defineList({
  summary: 'List workers',
  description: 'The machines of the pool: their engines, free slots, load and last heartbeat. Engines in brackets are not usable there.',
  examples: [
    {does: 'All of them', line: 'workers list'},
    {does: 'The busiest first, and go on showing', line: 'workers list --sort -cpu --watch'},
    {does: 'Names alone', line: 'workers list --output name'},
  ],
  view: workerList,
  load: client => client.workersList(),
});
