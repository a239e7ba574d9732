import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {jobName, jobText} from '../../output/views/jobs.ts';

export default defineCommand({
  summary: 'Show one job',
  description: 'State, phases with their times, exit; for a job that waits: why each worker did not take it, and what would help.',
  examples: [
    {does: 'By id, or by enough of it to be unique', line: 'jobs show j-abc'},
    {does: 'What exactly runs, with every default filled in', line: 'jobs show j-abc --output yaml'},
    {does: 'An exec in a DevBox by its name', line: 'jobs show web/dev'},
  ],
  args: {job: required('id of the job, the beginning of it, or DEVBOX/NAME')},
  async run(context, {args}) {
    const {client} = await context.connect();
    await context.print.item(await client.jobsShow({job: args.job}), {name: jobName, text: jobText});
  },
});
