import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {jobName, jobText, statusText} from '../../output/views/jobs.ts';

export default defineCommand({
  summary: 'Cancel a job',
  description:
    'Asks its command to stop, then kills it after the job’s grace. Cancelling twice is the same as once; an ended job stays as it is.',
  examples: [
    {does: 'Cancel a job', line: 'jobs cancel j-abc'},
    {does: 'Say why', line: 'jobs cancel web/dev --reason "wrong branch"'},
    {does: 'Which job that is, without cancelling it', line: 'jobs cancel web/dev --dry-run'},
  ],
  hasDryRun: true,
  args: {job: required('id of the job, the beginning of it, or DEVBOX/NAME')},
  flags: {reason: string({description: 'kept with the job'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const job = await client.jobsCancel({job: args.job, body: flags.reason === undefined ? {} : {reason: flags.reason}});
    if (context.print.format !== 'table') return context.print.item(job, {name: jobName, text: jobText});
    context.say(
      job.state === 'ended'
        ? `Job ${job.id} has ended: ${statusText(job)}.`
        : `Cancelling job ${job.id}. Follow: boxyard jobs wait ${job.id}`,
    );
  },
});
