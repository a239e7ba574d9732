import {boolean} from '@oclif/core/flags';
import {defineList} from '../../cli/define-list.ts';
import {required, whole} from '../../cli/flags.ts';
import {deliveryList} from '../../output/views/webhooks.ts';

export default defineList({
  summary: 'List what a webhook was sent last',
  description: 'The last 200 are kept, newest first, each with what came of it.',
  examples: [
    {does: 'The last fifty', line: 'webhooks deliveries chat'},
    {does: 'Those that were not taken', line: 'webhooks deliveries chat --failed --limit 200'},
  ],
  args: {webhook: required('name or id of the webhook')},
  flags: {
    limit: whole('limit', {min: 1, max: 200})({description: 'how many at most (default 50)'}),
    failed: boolean({description: 'only those that were not taken'}),
  },
  view: deliveryList,
  load: async (client, {args: {webhook}, flags: {limit, failed}}) => {
    const page = await client.webhooksDeliveries({webhook, ...(limit === undefined ? {} : {query: {limit}})});
    return failed ? {...page, items: page.items.filter(({outcome}) => outcome !== 'delivered')} : page;
  },
});
