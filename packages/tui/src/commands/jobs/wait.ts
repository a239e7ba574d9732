import {boolean} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, required} from '../../cli/flags.ts';
import {endText, jobName, jobText} from '../../output/views/jobs.ts';
import {followJob} from '../../services/follow-job.ts';
import {commandExit, resultExit} from '../../services/job-exit.ts';
import {watchLeaving} from '../../cli/interrupts.ts';

export default defineCommand({
  summary: 'Wait until a job has ended',
  description:
    'Ends with 0 where the job succeeded, 1 where not, 7 where a part did, 130 where it was cancelled, 124 where the time ran out; the job goes on then.',
  examples: [
    {does: 'Wait for a job', line: 'jobs wait j-abc'},
    {does: 'At most a minute, and end with its command’s code', line: 'jobs wait j-abc --timeout 60 --exit-code'},
  ],
  args: {job: required('id of the job, the beginning of it, or DEVBOX/NAME')},
  flags: {
    timeout: duration('timeout')({description: 'stop waiting after so long'}),
    'exit-code': boolean({description: 'end with the exit code of the job’s command'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const late = new AbortController();
    const {leaving, release} = watchLeaving(context, args.job);
    const timer =
      flags.timeout === undefined
        ? undefined
        : setTimeout(
            () => late.abort(new BoxyardError('WAIT_TIMEOUT', {what: `Job ${args.job}`, seconds: flags.timeout! / 1000})),
            flags.timeout,
          );
    try {
      const away = (isAway: boolean) => context.say(isAway ? 'The server is away; waiting for it.' : 'The server is back.');
      const job = await followJob(client, {job: args.job, from: {}, signal: AbortSignal.any([late.signal, leaving])}, {away});
      if (context.print.format === 'table') context.say(endText(job));
      else await context.print.item(job, {name: jobName, text: jobText});
      return flags['exit-code'] ? commandExit(job) : resultExit(job);
    } catch (error) {
      if (leaving.aborted) return 130;
      throw error;
    } finally {
      release();
      clearTimeout(timer);
    }
  },
});
