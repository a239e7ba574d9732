import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {displayName, displayText} from '../../output/views/displays.ts';
import {listDisplays} from '../../services/displays.ts';

export default defineCommand({
  summary: 'Close a display; its desktop goes on',
  description: 'Nobody can look any more. The X server and the windows in the DevBox go on, and are there when it is opened again.',
  examples: [
    {does: 'Of the DevBox web', line: 'displays close web'},
    {does: 'By the id of its job', line: 'displays close j-abc'},
  ],
  hasDryRun: true,
  args: {display: required('name or id of the DevBox, or id of the display’s job')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const isJob = /^j-[a-z2-7]+$/.test(args.display);
    const [open] = isJob ? [await client.jobsShow({job: args.display})] : await listDisplays(client, args.display);
    if (open?.kind !== 'display')
      throw new BoxyardError('NOT_FOUND', {what: 'open display', name: args.display, list: 'boxyard displays list'});
    const job = await client.jobsCancel({job: open.id, body: {reason: 'closed'}});
    if (context.print.format !== 'table') return context.print.item(job, {name: displayName, text: displayText});
    context.say(job.state === 'ended' ? `The display of ${displayName(job)} is closed.` : `Closing the display of ${displayName(job)}.`);
  },
});
