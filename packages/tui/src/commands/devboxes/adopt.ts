import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {devboxText} from '../../output/views/devboxes.ts';

export default defineCommand({
  summary: 'Take over a box that has no record',
  description:
    'A box on a worker that carries Boxyard’s labels and that this server does not know becomes a DevBox. `workers show` lists them.',
  examples: [
    {does: 'Adopt a box of the worker nas as web', line: 'devboxes adopt nas boxyard-d-abc web'},
    {does: 'And show it as JSON', line: 'devboxes adopt nas boxyard-d-abc web --output json'},
  ],
  hasDryRun: true,
  args: {worker: required('name or id of the worker'), box: required('the engine’s name of the box'), name: required('name of the DevBox')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const devbox = await client.devboxesAdopt({body: {worker: args.worker, box: args.box, name: args.name}});
    await context.print.item(devbox, {name: box => box.name, text: devboxText});
  },
});
