import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Forget a worker',
  description: 'Its credential ends and its agent stops. Its DevBoxes stay on the machine; `devboxes remove --forget` ends their records.',
  examples: [
    {does: 'By name', line: 'workers remove nas'},
    {does: 'Without a word', line: 'workers remove nas --quiet'},
  ],
  hasDryRun: true,
  args: {worker: required('name or id of the worker')},
  async run(context, {args}) {
    const {client} = await context.connect();
    await withSuggestion(
      args.worker,
      'worker',
      () => client.workersRemove({worker: args.worker}),
      () => client.workersList(),
    );
    context.say(`${args.worker} is forgotten. On that machine: boxyard worker uninstall`);
  },
});
