import {defineCommand} from '../cli/define-command.ts';
import {stopUp} from '../services/stop-up.ts';
import {findUp} from '../services/up-file.ts';

export default defineCommand({
  summary: 'Stop what `up` started on this machine',
  description:
    'Ends the server and the worker of this machine. DevBoxes stay, and jobs that run in containers go on; both are found again by the next `up`.',
  examples: [
    {does: 'Stop it', line: 'down'},
    {does: 'Stop it without a word', line: 'down --quiet'},
  ],
  async run(context) {
    const up = findUp(context.paths);
    if (up === undefined) {
      context.say('Boxyard does not run here.');
      return 0;
    }
    await stopUp(up);
    context.say('Boxyard has stopped. DevBoxes stay. Start it again: boxyard up');
    return 0;
  },
});
