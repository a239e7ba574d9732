import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {checkSetting, resolveSettings, settings} from '../../services/user-config.ts';

export default defineCommand({
  summary: 'Show one setting',
  description: 'The value that counts now, wherever it comes from.',
  examples: [
    {does: 'Where up listens', line: 'config get listen'},
    {does: 'With its origin', line: 'config get listen --output json'},
  ],
  args: {key: required('name of the setting')},
  async run(context, {args}) {
    checkSetting(args.key, settings[args.key]?.default ?? '', 'config');
    const found = (await resolveSettings(context.paths, context.program.env)).find(row => row.key === args.key);
    await context.print.value(found, found?.value ?? '');
  },
});
