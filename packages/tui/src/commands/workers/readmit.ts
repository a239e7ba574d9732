import {defineCommand} from '../../cli/define-command.ts';
import {optional} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'Take back workers of a lost installation',
  description:
    'After the server’s records were lost: lets workers that still hold the old installation’s key in again, so that their boxes can be adopted. Without a name: all that knock.',
  examples: [
    {does: 'All that knock', line: 'workers readmit'},
    {does: 'One of them', line: 'workers readmit nas'},
  ],
  hasDryRun: true,
  args: {worker: optional('name or id of the worker')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const page = await client.workersReadmit({body: args.worker === undefined ? {} : {worker: args.worker}});
    await context.print.list(page, {
      name: row => row.name,
      empty: 'No worker of a lost installation knocks.',
      columns: [
        {title: 'ID', cell: row => row.worker},
        {title: 'NAME', cell: row => row.name},
      ],
    });
  },
});
