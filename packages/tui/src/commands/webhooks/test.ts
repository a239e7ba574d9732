import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {onWebhook} from '../../cli/webhook-named.ts';
import {deliveryText} from '../../output/views/webhooks.ts';

export default defineCommand({
  summary: 'Send a test event',
  description: 'Of the type webhook.test, whatever events it is told and also while it rests. Exits with 1 where it was not taken.',
  examples: [
    {does: 'Say what came of it', line: 'webhooks test chat'},
    {does: 'As JSON', line: 'webhooks test chat --output json'},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook')},
  async run(context, {args: {webhook}}) {
    const {client} = await context.connect();
    const delivery = await onWebhook(client, webhook, () => client.webhooksTest({webhook}));
    await context.print.item(delivery, {name: each => each.event, text: deliveryText});
    return delivery.outcome === 'delivered' ? 0 : 1;
  },
});
