import {defineCommand} from '../../cli/define-command.ts';
import {choice, required} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'Make a tenant',
  description:
    'A tenant has its own workers, DevBoxes, tokens and limits. Prints its first owner token, once. Owners of the first tenant only.',
  examples: [
    {does: 'For another team', line: 'tenants create team-b'},
    {does: 'With a plan', line: 'tenants create team-b --plan starter'},
  ],
  hasDryRun: true,
  args: {name: required('name of the tenant')},
  flags: {plan: choice('plan', ['starter', 'pro', 'enterprise'])({description: 'its plan (default enterprise)'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = {name: args.name, ...(flags.plan === undefined ? {} : {plan: flags.plan as 'pro'})};
    const made = await client.tenantsCreate({body});
    if (context.print.format === 'table') context.say(`Made tenant ${made.tenant.name}. Its owner’s token, shown this once:`);
    await context.print.item(made, {name: item => item.tenant.id, text: item => item.token.token ?? ''});
  },
});
