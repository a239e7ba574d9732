import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'Remove a role from its cluster',
  description: 'Its runs are cancelled, and stay in the list of jobs.',
  examples: [{does: 'Remove it', line: 'roles remove team sweeper'}],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster'), role: required('name or id of the role')},
  async run(context, {args}) {
    const {client} = await context.connect();
    await client.rolesRemove(args);
    context.say(`Removed role ${args.cluster}/${args.role}.`);
  },
});
