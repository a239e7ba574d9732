import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {roleFile, withRoleIn} from '../../cli/role-flags.ts';
import {roleText} from '../../output/views/clusters.ts';

export default defineCommand({
  summary: 'Put a role in the place of another',
  description:
    'The whole role, as a file has it: what is not in the file is not there. It keeps its id and its runs; another name renames it.',
  examples: [{does: 'From a file', line: 'roles update team builder -f builder.yaml'}],
  args: {cluster: required('name or id of the cluster'), role: required('name or id of the role')},
  flags: roleFile,
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const {cluster, role} = await withRoleIn(context, {client, file: flags.file}, async body => {
      const {name, roles} = await client.rolesUpdate({...args, body});
      return {cluster: name, role: roles.find(each => each.name === body.name)!};
    });
    await context.print.item(role, {name: each => `${cluster}/${each.name}`, text: roleText});
    context.say(`${cluster}/${role.name} is as the file says.`);
  },
});
