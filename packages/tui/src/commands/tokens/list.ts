import {defineList} from '../../cli/define-list.ts';
import {tokenList} from '../../output/views/access.ts';

export default defineList({
  summary: 'List tokens',
  description: 'Who has which access, and when each was last used. The tokens themselves are never shown again.',
  examples: [
    {does: 'All of them', line: 'tokens list'},
    {does: 'As JSON', line: 'tokens list --output json'},
  ],
  view: tokenList,
  load: client => client.tokensList(),
});
