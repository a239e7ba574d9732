import {boolean} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {resolveSettings, settings, type Resolved} from '../../services/user-config.ts';

export default defineCommand({
  summary: 'List settings',
  description: 'A flag wins over the environment, the environment over the file, the file over the default.',
  examples: [
    {does: 'Settings and values', line: 'config list'},
    {does: 'And where each comes from', line: 'config list --show-origin'},
  ],
  flags: {'show-origin': boolean({description: 'say where each value comes from'})},
  async run(context, {flags}) {
    const items = await resolveSettings(context.paths, context.program.env);
    await context.print.list(
      {items},
      {
        name: (row: Resolved) => row.key,
        empty: '',
        columns: [
          {title: 'KEY', cell: row => row.key},
          {title: 'VALUE', cell: row => row.value},
          ...(flags['show-origin'] ? [{title: 'FROM', cell: (row: Resolved) => row.origin}] : []),
          {title: 'ABOUT', cell: row => settings[row.key]?.about ?? '', flexible: true},
        ],
      },
    );
  },
});
