import {boolean} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {connectOrOffer} from '../cli/offer-up.ts';
import {printCaps} from '../cli/terminal-graphics.ts';

export default defineCommand({
  summary: 'Open the dashboard',
  description:
    'Workers, DevBoxes, jobs and the log of a job on one screen. `boxyard` alone opens it too. Leaving it leaves the server and the workers running.',
  examples: [
    {does: 'Open it', line: 'dashboard'},
    {does: 'That of another server', line: 'dashboard --server https://boxyard.example:4240'},
    {does: 'Only to look', line: 'dashboard --read-only'},
  ],
  flags: {
    'read-only': boolean({description: 'nothing in it changes anything'}),
    ascii: boolean({description: 'draw with ASCII alone'}),
    'print-caps': boolean({description: 'say what this terminal can show, and end'}),
    'screen-reader': boolean({description: 'one plain page, without lines, marks and motion; also by ACCESSIBLE=1'}),
  },
  async run(context, {flags}) {
    const {stdin, stdout, env} = context.program;
    if (!stdin.isTTY || !stdout.isTTY)
      throw new BoxyardError('NEEDS_TTY', {what: 'The dashboard', hint: 'boxyard watch, or boxyard jobs list --output json'});
    if (flags['print-caps']) return printCaps(context);
    const {openDashboard} = await import('../dashboard/open-dashboard.ts');
    const isForScreenReader = flags['screen-reader'] || Boolean(env['ACCESSIBLE'] || env['INK_SCREEN_READER']);
    const connection = await connectOrOffer(context);
    return openDashboard(context, connection, undefined, {isReadOnly: flags['read-only'], isAscii: flags.ascii, isForScreenReader});
  },
});
