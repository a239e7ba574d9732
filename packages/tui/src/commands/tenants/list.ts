import {defineList} from '../../cli/define-list.ts';
import {tenantList} from '../../output/views/access.ts';

export default defineList({
  summary: 'List tenants',
  description: 'The tenants this token may see.',
  examples: [
    {does: 'All of them', line: 'tenants list'},
    {does: 'As JSON', line: 'tenants list --output json'},
  ],
  view: tenantList,
  load: client => client.tenantsList(),
});
