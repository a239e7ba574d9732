import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {workerText} from '../../output/views/workers.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Show one worker',
  description: 'What it has, what it runs, why an engine is not usable there, and boxes on it that nobody owns.',
  examples: [
    {does: 'By name', line: 'workers show nas'},
    {does: 'As JSON', line: 'workers show nas --output json'},
  ],
  args: {worker: required('name or id of the worker')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const worker = await withSuggestion(
      args.worker,
      'worker',
      () => client.workersShow({worker: args.worker}),
      () => client.workersList(),
    );
    await context.print.item(worker, {name: found => found.name, text: workerText});
  },
});
