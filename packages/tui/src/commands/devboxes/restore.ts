import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {devboxText} from '../../output/views/devboxes.ts';

export default defineCommand({
  summary: 'Undo the removal of a DevBox',
  description: 'Works for ten minutes after `devboxes remove`. The DevBox stays stopped until it is started.',
  examples: [
    {does: 'Keep it after all', line: 'devboxes restore web'},
    {does: 'And show it as JSON', line: 'devboxes restore web --output json'},
  ],
  hasDryRun: true,
  args: {devbox: required('name or id of the DevBox')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const devbox = await client.devboxesRestore({devbox: args.devbox});
    if (context.print.format !== 'table') return context.print.item(devbox, {name: box => box.name, text: devboxText});
    context.say(`${devbox.name} stays. Start it: boxyard devboxes start ${devbox.name}`);
  },
});
