import {defineList} from '../../cli/define-list.ts';
import {required} from '../../cli/flags.ts';
import {deadLetterList} from '../../output/views/webhooks.ts';

export default defineList({
  summary: 'List events that were given up',
  description: 'Events that failed for an hour while the one behind them was taken. The newest thousand are kept.',
  examples: [
    {does: 'All of them', line: 'webhooks dead-letters chat'},
    {does: 'Their ids, to send them again', line: 'webhooks dead-letters chat --output name'},
  ],
  args: {webhook: required('name or id of the webhook')},
  view: deadLetterList,
  load: (client, {args: {webhook}}) => client.webhooksDeadLetters({webhook}),
});
