import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {connectOrOffer} from '../cli/offer-up.ts';

export default defineCommand({
  summary: 'Open the dashboard',
  description:
    'Workers, DevBoxes, jobs and the log of a job on one screen. `boxyard` alone opens it too. Leaving it leaves the server and the workers running.',
  examples: [
    {does: 'Open it', line: 'dashboard'},
    {does: 'That of another server', line: 'dashboard --server https://boxyard.example:4240'},
  ],
  async run(context) {
    const {stdin, stdout} = context.program;
    if (!stdin.isTTY || !stdout.isTTY)
      throw new BoxyardError('NEEDS_TTY', {what: 'The dashboard', hint: 'boxyard jobs list --output json'});
    const {openDashboard} = await import('../dashboard/open-dashboard.tsx');
    return openDashboard(context, await connectOrOffer(context));
  },
});
