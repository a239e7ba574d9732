import {boolean} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {workerText} from '../../output/views/workers.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Let a worker run empty',
  description: 'It gets no new work, and its jobs end by themselves; DevBoxes stay. --off takes it back.',
  examples: [
    {does: 'By name', line: 'workers drain nas'},
    {does: 'Take it back', line: 'workers drain nas --off'},
    {does: 'Whether nas is a worker, and what would be sent', line: 'workers drain nas --dry-run'},
  ],
  hasDryRun: true,
  args: {worker: required('name or id of the worker')},
  flags: {off: boolean({description: 'take it back'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const send = () => client.workersDrain({worker: args.worker, body: {on: !flags.off}});
    const worker = await withSuggestion(args.worker, 'worker', send, () => client.workersList());
    if (context.print.format !== 'table') return context.print.item(worker, {name: found => found.name, text: workerText});
    context.say(`${worker.name} ${flags.off ? 'gets work again' : 'runs empty'}.`);
  },
});
