import {string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {repeated, required} from '../../cli/flags.ts';
import {onWebhook} from '../../cli/webhook-named.ts';
import {webhookText} from '../../output/views/webhooks.ts';
import {webhookConfig} from '../../services/webhook-request.ts';

export default defineCommand({
  summary: 'Change a webhook',
  description: 'Its name, address or events. What it was told stays told: it goes on where it is.',
  examples: [
    {does: 'Another address', line: 'webhooks set chat --url https://hooks.example.com/new'},
    {does: 'Other events', line: "webhooks set chat --event job.ended --event 'worker.*'"},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook')},
  flags: {
    name: string({description: 'its new name'}),
    url: string({description: 'where to post from now on'}),
    event: repeated({char: 'e', description: 'all events it is told, instead of those before; may be repeated', helpValue: 'TYPE'}),
    config: repeated({description: 'the whole config of another plugin than webhook; may be repeated', helpValue: 'KEY=VALUE'}),
  },
  async run(context, {args: {webhook}, flags: {name, url, event, config}}) {
    const body = {
      ...(name === undefined ? {} : {name}),
      ...(url === undefined ? {} : {url}),
      ...(event === undefined ? {} : {events: event}),
      ...(config === undefined ? {} : {config: webhookConfig(config)}),
    };
    if (Object.keys(body).length === 0) throw new BoxyardError('INVALID_INPUT', {field: 'what to change', issue: 'is missing'});
    const {client} = await context.connect();
    const changed = await onWebhook(client, webhook, () => client.webhooksUpdate({webhook, body}));
    await context.print.item(changed, {name: hook => hook.name, text: webhookText});
  },
});
