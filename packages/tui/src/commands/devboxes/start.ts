import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';

export default defineCommand({
  summary: 'Start a DevBox',
  description: 'Starts it where it lies; a running one stays as it is. Waits until it runs.',
  examples: [
    {does: 'By name', line: 'devboxes start web'},
    {does: 'Without waiting for it', line: 'devboxes start web --detach'},
  ],
  hasDryRun: true,
  args: {devbox: required('name or id of the DevBox')},
  flags: {detach},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const job = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesStart({devbox: args.devbox}),
      () => client.devboxesList(),
    );
    return finishJob(context, client, job, {detach: flags.detach, done: `${args.devbox} runs.`});
  },
});
