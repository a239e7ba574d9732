import {string} from '@oclif/core/flags';
import {defineList} from '../../cli/define-list.ts';
import {displayList} from '../../output/views/displays.ts';
import {listDisplays} from '../../services/displays.ts';

export default defineList({
  summary: 'List displays that are open',
  description: 'Each is a live session of the tenant until it is closed, or nobody has looked for 15 minutes.',
  examples: [
    {does: 'All of them', line: 'displays list'},
    {does: 'That of one DevBox', line: 'displays list --devbox web'},
  ],
  flags: {devbox: string({description: 'only those of this DevBox'})},
  view: displayList,
  load: async (client, {flags}) => ({items: await listDisplays(client, flags.devbox)}),
});
