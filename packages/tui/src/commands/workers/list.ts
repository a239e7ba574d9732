import {defineCommand} from '../../cli/define-command.ts';
import {workerList} from '../../output/views/workers.ts';

export default defineCommand({
  summary: 'List workers',
  description: 'The machines of the pool: their engines, free slots, load and last heartbeat. Engines in brackets are not usable there.',
  examples: [
    {does: 'All of them', line: 'workers list'},
    {does: 'Names alone', line: 'workers list --output name'},
  ],
  async run(context) {
    const {client} = await context.connect();
    await context.print.list(await client.workersList(), workerList);
  },
});
