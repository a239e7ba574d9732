import {defineList} from '../../cli/define-list.ts';
import {pluginList} from '../../output/views/plugins.ts';

export default defineList({
  summary: 'List plugins',
  description:
    'The engines of the workers and the reporters of the server: what each can do, and why one is not usable or was not loaded. A plugin is configured where it runs; see docs/plugins.md.',
  examples: [
    {does: 'All of them', line: 'plugins list'},
    {does: 'With modules and integrity', line: 'plugins list -o wide'},
  ],
  view: pluginList,
  load: client => client.pluginsList(),
});
