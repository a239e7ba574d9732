import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {roleText} from '../../output/views/clusters.ts';

export default defineCommand({
  summary: 'Show a role of a cluster',
  description: 'What its runs are made of, and how many go on and wait.',
  examples: [{does: 'One role', line: 'roles show team builder'}],
  args: {cluster: required('name or id of the cluster'), role: required('name or id of the role')},
  async run(context, {args}) {
    const {client} = await context.connect();
    await context.print.item(await client.rolesShow(args), {name: role => role.name, text: roleText});
  },
});
