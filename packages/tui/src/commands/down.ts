import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {findUp, isAlive} from '../services/up-file.ts';

const stopWithinMs = 40_000;

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
    process.kill(up.pid, 'SIGTERM');
    const deadline = context.program.now() + stopWithinMs;
    while (isAlive(up.pid, up.processStart)) {
      if (context.program.now() > deadline)
        throw new BoxyardError('CONFLICT', {
          what: `Boxyard (pid ${up.pid})`,
          issue: 'does not end',
          hint: `kill -9 ${up.pid}; no DevBox and no job is lost by it`,
        });
      await delay(50);
    }
    context.say('Boxyard has stopped. DevBoxes stay. Start it again: boxyard up');
    return 0;
  },
});
