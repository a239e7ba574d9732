import {boolean} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';

export default defineCommand({
  summary: 'Remove a DevBox',
  description:
    'Stops it at once and removes it after ten minutes; until then `devboxes restore` undoes it. --forget ends the record of a DevBox whose worker is gone.',
  examples: [
    {does: 'With ten minutes to think it over', line: 'devboxes remove web'},
    {does: 'At once, for good', line: 'devboxes remove web --now'},
    {does: 'Its worker will not come back', line: 'devboxes remove web --forget'},
    {does: 'What would be sent', line: 'devboxes remove web --now --dry-run'},
  ],
  hasDryRun: true,
  args: {devbox: required('name or id of the DevBox')},
  flags: {
    detach,
    now: boolean({description: 'do not wait ten minutes; there is no way back'}),
    forget: boolean({description: 'only forget it here; if its worker returns, the box is offered for adoption'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = {...(flags.now ? {now: true} : {}), ...(flags.forget ? {forget: true} : {})};
    const answer = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesRemove({devbox: args.devbox, body}),
      () => client.devboxesList(),
    );
    const isFinal = flags.now || flags.forget;
    const done = isFinal
      ? `${args.devbox} is removed.`
      : `${args.devbox} is removed at ${answer.devbox.removesAt ?? 'the end of its grace'}. Undo: boxyard devboxes restore ${args.devbox}`;
    if (answer.job !== undefined) return finishJob(context, client, answer.job, {detach: flags.detach, done});
    context.say(done);
    return 0;
  },
});
