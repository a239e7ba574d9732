import {boolean} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {workerText} from '../../output/views/workers.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Give a worker no new work',
  description: 'What runs on it goes on. --off takes it back.',
  examples: [
    {does: 'By name', line: 'workers cordon nas'},
    {does: 'Take it back', line: 'workers cordon nas --off'},
  ],
  hasDryRun: true,
  args: {worker: required('name or id of the worker')},
  flags: {off: boolean({description: 'take it back'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const send = () => client.workersCordon({worker: args.worker, body: {on: !flags.off}});
    const worker = await withSuggestion(args.worker, 'worker', send, () => client.workersList());
    if (context.print.format !== 'table') return context.print.item(worker, {name: found => found.name, text: workerText});
    context.say(`${worker.name} ${flags.off ? 'gets work again' : 'gets no new work'}.`);
  },
});
