import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {terminalName, terminalText} from '../../output/views/terminals.ts';

export default defineCommand({
  summary: 'Show one terminal',
  description: 'What it is doing, what it asks, its size, and how many look on. What it wrote is in `boxyard jobs logs`.',
  examples: [
    {does: 'By name', line: 'terminals show web/shell'},
    {does: 'As JSON', line: 'terminals show web/shell --output json'},
  ],
  args: {terminal: required('DEVBOX/NAME, or id of its job')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const job = await client.jobsShow({job: args.terminal});
    if (job.session === undefined)
      throw new BoxyardError('INVALID_INPUT', {
        field: 'TERMINAL',
        issue: `${args.terminal} has no terminal`,
        hint: `boxyard jobs show ${job.id}`,
      });
    await context.print.item(job, {name: terminalName, text: terminalText});
  },
});
