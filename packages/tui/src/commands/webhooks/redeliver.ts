import {boolean} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {optional, required} from '../../cli/flags.ts';
import {countOf} from '../../output/amounts.ts';
import {onWebhook} from '../../cli/webhook-named.ts';

export default defineCommand({
  summary: 'Send an event once more',
  description:
    'One event by its id from deliveries or dead-letters, or by its seq; or all dead letters. It keeps its id, is tried once, and a dead letter that is taken leaves the list.',
  examples: [
    {does: 'One event', line: 'webhooks redeliver chat e-abc'},
    {does: 'Everything that was given up', line: 'webhooks redeliver chat --dead'},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook'), event: optional('id or seq of the event')},
  flags: {dead: boolean({description: 'all dead letters'})},
  async run(context, {args: {webhook, event}, flags: {dead}}) {
    if ((event === undefined) === !dead) throw new BoxyardError('INVALID_INPUT', {field: 'EVENT', issue: 'name one event, or --dead'});
    const {client} = await context.connect();
    const body = event === undefined ? ({deadLetters: true} as const) : {event};
    const {queued} = await onWebhook(client, webhook, () => client.webhooksRedeliver({webhook, body}));
    context.say(`${countOf(queued, 'event')} to be sent once more. See: boxyard webhooks deliveries ${webhook}`);
  },
});
