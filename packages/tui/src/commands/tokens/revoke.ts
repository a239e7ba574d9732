import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'End a token',
  description: 'It works no more, and what it has open closes within five seconds.',
  examples: [
    {does: 'By id', line: 'tokens revoke k-abc'},
    {does: 'By name', line: 'tokens revoke ci'},
  ],
  hasDryRun: true,
  args: {token: required('id or name of the token')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const named = args.token.startsWith('k-') ? undefined : (await client.tokensList()).items.find(token => token.name === args.token);
    await client.tokensRevoke({token: named?.id ?? args.token});
    context.say(`Token ${args.token} is revoked.`);
  },
});
