import {defineCommand} from '../../cli/define-command.ts';
import {optional} from '../../cli/flags.ts';
import {tenantText} from '../../output/views/access.ts';

export default defineCommand({
  summary: 'Show a tenant, its limits and its use',
  description: 'Without a name: the tenant of this token.',
  examples: [
    {does: 'Your own', line: 'tenants show'},
    {does: 'As JSON', line: 'tenants show local --output json'},
  ],
  args: {tenant: optional('name or id of the tenant')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const tenant = args.tenant ?? (await client.whoami()).tenant.id;
    await context.print.item(await client.tenantsShow({tenant}), {name: found => found.name, text: tenantText});
  },
});
