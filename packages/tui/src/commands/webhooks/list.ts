import {defineList} from '../../cli/define-list.ts';
import {webhookList} from '../../output/views/webhooks.ts';

export default defineList({
  summary: 'List webhooks',
  description: 'Who outside is told about events, how far behind each is, and why one that fails does.',
  examples: [
    {does: 'All of them', line: 'webhooks list'},
    {does: 'Those furthest behind last', line: 'webhooks list --sort behind'},
  ],
  view: webhookList,
  load: client => client.webhooksList(),
});
