import {defineCommand} from '../../cli/define-command.ts';
import {secretList} from '../../output/views/access.ts';

export default defineCommand({
  summary: 'List the names of secrets',
  description: 'Who set each, and when. Values are never shown.',
  examples: [
    {does: 'All of them', line: 'secrets list'},
    {does: 'Names alone', line: 'secrets list --output name'},
  ],
  async run(context) {
    const {client} = await context.connect();
    await context.print.list(await client.secretsList(), secretList);
  },
});
