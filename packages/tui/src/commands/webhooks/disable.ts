import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {onWebhook} from '../../cli/webhook-named.ts';

export default defineCommand({
  summary: 'Let a webhook rest',
  description: 'It is told nothing; its place is kept, and `webhooks enable` goes on there.',
  examples: [
    {does: 'By name', line: 'webhooks disable chat'},
    {does: 'What would be sent', line: 'webhooks disable chat --dry-run'},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook')},
  async run(context, {args: {webhook}}) {
    const {client} = await context.connect();
    const hook = await onWebhook(client, webhook, () => client.webhooksDisable({webhook}));
    context.say(`${hook.name} rests. Go on: boxyard webhooks enable ${hook.name}`);
  },
});
