import {boolean} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {countOf} from '../../output/amounts.ts';
import {onWebhook} from '../../cli/webhook-named.ts';

export default defineCommand({
  summary: 'Let a webhook go on',
  description:
    'It is told what happened meanwhile, as far as that is kept; with --skip only what happens from now on. One that fails is tried at once.',
  examples: [
    {does: 'Where it stopped', line: 'webhooks enable chat'},
    {does: 'From now on', line: 'webhooks enable chat --skip'},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook')},
  flags: {skip: boolean({description: 'leave out what happened meanwhile'})},
  async run(context, {args: {webhook}, flags: {skip}}) {
    const {client} = await context.connect();
    const hook = await onWebhook(client, webhook, () => client.webhooksEnable({webhook, body: skip ? {skip} : {}}));
    const behind = skip || hook.behind === 0 ? '' : ` ${countOf(hook.behind, 'event')} of meanwhile come first.`;
    context.say(`${hook.name} goes on${skip ? ' from now on' : ''}.${behind}`);
  },
});
