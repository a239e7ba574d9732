import {defineCommand} from '../../cli/define-command.ts';
import {duration, required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';

export default defineCommand({
  summary: 'Stop a DevBox',
  description: 'Asks what runs in it to end, waits, then kills it. Its files stay.',
  examples: [
    {does: 'By name', line: 'devboxes stop web'},
    {does: 'Give it a minute to end by itself', line: 'devboxes stop web --grace 1m'},
  ],
  hasDryRun: true,
  args: {devbox: required('name or id of the DevBox')},
  flags: {detach, grace: duration('grace')({description: 'how long it may take to end by itself (default 10s)'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = flags.grace === undefined ? {} : {graceMs: flags.grace};
    const job = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesStop({devbox: args.devbox, body}),
      () => client.devboxesList(),
    );
    return finishJob(context, client, job, {
      detach: flags.detach,
      done: `${args.devbox} is stopped. Start it: boxyard devboxes start ${args.devbox}`,
    });
  },
});
