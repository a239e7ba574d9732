import {boolean, string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {printAccepted} from '../../cli/finish-job.ts';
import {required} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'Run a job again',
  description: 'Makes a new job of the same specification. The old one stays as it is.',
  examples: [
    {does: 'Again', line: 'jobs retry j-abc'},
    {does: 'Only those of its children that did not succeed', line: 'jobs retry j-abc --failed'},
    {does: 'Again, and keep the id of the new job', line: 'jobs retry j-abc --output name'},
  ],
  hasDryRun: true,
  args: {job: required('id of the job, the beginning of it, or DEVBOX/NAME')},
  flags: {
    failed: boolean({description: 'of a job with children, only those that did not succeed, with their old numbers'}),
    'idempotency-key': string({description: 'the same key makes no second job', helpValue: 'KEY'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const job = await client.jobsRetry({job: args.job, body: flags.failed ? {failed: true} : {}, key: flags['idempotency-key']});
    await printAccepted(context, job);
  },
});
