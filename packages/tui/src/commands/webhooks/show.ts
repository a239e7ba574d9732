import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {onWebhook} from '../../cli/webhook-named.ts';
import {webhookText} from '../../output/views/webhooks.ts';

export default defineCommand({
  summary: 'Show a webhook',
  description: 'Its address, what it is told, how far it is, and what went wrong. Secrets are never shown again.',
  examples: [
    {does: 'By name', line: 'webhooks show chat'},
    {does: 'As JSON', line: 'webhooks show chat --output json'},
  ],
  args: {webhook: required('name or id of the webhook')},
  async run(context, {args: {webhook}}) {
    const {client} = await context.connect();
    const found = await onWebhook(client, webhook, () => client.webhooksShow({webhook}));
    await context.print.item(found, {name: hook => hook.name, text: webhookText});
  },
});
