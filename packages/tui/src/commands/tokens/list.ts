import {defineCommand} from '../../cli/define-command.ts';
import {tokenList} from '../../output/views/access.ts';

export default defineCommand({
  summary: 'List tokens',
  description: 'Who has which access, and when each was last used. The tokens themselves are never shown again.',
  examples: [
    {does: 'All of them', line: 'tokens list'},
    {does: 'As JSON', line: 'tokens list --output json'},
  ],
  async run(context) {
    const {client} = await context.connect();
    await context.print.list(await client.tokensList(), tokenList);
  },
});
