import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {devboxText} from '../../output/views/devboxes.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Show one DevBox',
  description: 'Its state and why it is in it, where it lies, what works on it now and what waits.',
  examples: [
    {does: 'By name', line: 'devboxes show web'},
    {does: 'As JSON', line: 'devboxes show web --output json'},
  ],
  args: {devbox: required('name or id of the DevBox')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const devbox = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesShow({devbox: args.devbox}),
      () => client.devboxesList(),
    );
    await context.print.item(devbox, {name: box => box.name, text: devboxText});
  },
});
