import {defineCommand} from '../../cli/define-command.ts';
import {tenantList} from '../../output/views/access.ts';

export default defineCommand({
  summary: 'List tenants',
  description: 'The tenants this token may see.',
  examples: [
    {does: 'All of them', line: 'tenants list'},
    {does: 'As JSON', line: 'tenants list --output json'},
  ],
  async run(context) {
    const {client} = await context.connect();
    await context.print.list(await client.tenantsList(), tenantList);
  },
});
