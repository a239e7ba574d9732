import {defineList} from '../../cli/define-list.ts';
import {secretList} from '../../output/views/access.ts';

export default defineList({
  summary: 'List the names of secrets',
  description: 'Who set each, and when. Values are never shown.',
  examples: [
    {does: 'All of them', line: 'secrets list'},
    {does: 'Names alone', line: 'secrets list --output name'},
  ],
  view: secretList,
  load: client => client.secretsList(),
});
