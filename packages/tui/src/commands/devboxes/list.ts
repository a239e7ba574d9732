import {defineCommand} from '../../cli/define-command.ts';
import {devboxList} from '../../output/views/devboxes.ts';

export default defineCommand({
  summary: 'List DevBoxes',
  description: 'Every DevBox of the tenant, with its state and, where it is not running, why.',
  examples: [
    {does: 'All of them', line: 'devboxes list'},
    {does: 'Names alone, for a script', line: 'devboxes list --output name'},
  ],
  async run(context) {
    const {client} = await context.connect();
    await context.print.list(await client.devboxesList(), devboxList);
  },
});
