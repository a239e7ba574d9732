import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {onWebhook} from '../../cli/webhook-named.ts';

export default defineCommand({
  summary: 'Remove a webhook',
  description: 'With its secrets, its log and its dead letters. To only stop it for a while: boxyard webhooks disable.',
  examples: [
    {does: 'By name', line: 'webhooks remove chat'},
    {does: 'What would be sent', line: 'webhooks remove chat --dry-run'},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook')},
  async run(context, {args: {webhook}}) {
    const {client} = await context.connect();
    await onWebhook(client, webhook, () => client.webhooksRemove({webhook}));
    context.say(`Removed ${webhook}.`);
  },
});
