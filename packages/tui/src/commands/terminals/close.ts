import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {terminalName, terminalText} from '../../output/views/terminals.ts';

export default defineCommand({
  summary: 'End a terminal and the programs in it',
  description: 'They are told that their terminal is gone (SIGHUP), and killed after a grace. Closing twice is the same as once.',
  examples: [
    {does: 'By name', line: 'terminals close web/shell'},
    {does: 'By the id of its job', line: 'terminals close j-abc'},
  ],
  hasDryRun: true,
  args: {terminal: required('DEVBOX/NAME, or id of its job')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const job = await client.jobsCancel({job: args.terminal, body: {reason: 'closed'}});
    if (context.print.format !== 'table') return context.print.item(job, {name: terminalName, text: terminalText});
    context.say(job.state === 'ended' ? `${terminalName(job)} has ended.` : `Closing ${terminalName(job)}.`);
  },
});
