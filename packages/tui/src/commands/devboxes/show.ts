import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {devboxText} from '../../output/views/devboxes.ts';
import {withSuggestion} from '../../services/named-object.ts';

/** For figures, which are no reason to wait. */
const patienceMs = 1_500;

export default defineCommand({
  summary: 'Show one DevBox',
  description:
    'Its state and why it is in it, where it lies, what works on it now and what waits; the CPU and memory it uses, where it runs and its worker tells them.',
  examples: [
    {does: 'By name', line: 'devboxes show web'},
    {does: 'As JSON', line: 'devboxes show web --output json'},
  ],
  args: {devbox: required('name or id of the DevBox')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const named = {devbox: args.devbox};
    const isNameAlone = context.flags.quiet || context.print.format === 'name';
    const measured = isNameAlone ? undefined : client.devboxesStats({...named, requestTimeoutMs: patienceMs}).catch(() => undefined);
    const devbox = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesShow(named),
      () => client.devboxesList(),
    );
    const stats = devbox.state === 'running' ? await measured : undefined;
    await context.print.item({...devbox, ...(stats === undefined ? {} : {stats})}, {name: box => box.name, text: devboxText});
  },
});
