import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'Show what came of a job',
  description:
    'What it reported as its result with boxyard-report, or what was gathered of its children, as JSON; a text as it is. A job may change it while it runs.',
  examples: [
    {does: 'For a program', line: 'jobs result j-abc --output json'},
    {does: 'What came of all children', line: 'jobs result j-abc'},
  ],
  args: {job: required('id of the job, or the beginning of it')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const result = await client.jobsResult({job: args.job});
    const text =
      typeof result === 'string' ? (result.endsWith('\n') ? result : `${result}\n`) : `${JSON.stringify(result, undefined, 2)}\n`;
    await context.print.item(result, {name: () => args.job, text: () => text});
  },
});
