import {defineList} from '../../cli/define-list.ts';
import {devboxList} from '../../output/views/devboxes.ts';

export default defineList({
  summary: 'List DevBoxes',
  description: 'Every DevBox of the tenant, with its state and, where it is not running, why.',
  examples: [
    {does: 'All of them', line: 'devboxes list'},
    {does: 'Which box is where, by worker', line: 'devboxes list --columns name,worker,state --sort worker'},
    {does: 'Names alone, for a script', line: 'devboxes list --output name'},
  ],
  view: devboxList,
  load: client => client.devboxesList(),
});
