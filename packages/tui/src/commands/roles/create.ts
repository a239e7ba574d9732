import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {roleFile, withRoleIn} from '../../cli/role-flags.ts';
import {roleText} from '../../output/views/clusters.ts';

export default defineCommand({
  summary: 'Add a role to a cluster',
  description: 'As a file has it, with the fields of a role in `clusters apply`; the other roles stay as they are.',
  examples: [
    {does: 'From a file', line: 'roles create team -f builder.yaml'},
    {does: 'From a program', line: 'roles create team -f - < builder.json'},
  ],
  args: {cluster: required('name or id of the cluster')},
  flags: roleFile,
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const {cluster, role} = await withRoleIn(context, {client, file: flags.file}, async body => {
      const {name, roles} = await client.rolesCreate({cluster: args.cluster, body});
      return {cluster: name, role: roles.find(each => each.name === body.name)!};
    });
    await context.print.item(role, {name: each => `${cluster}/${each.name}`, text: roleText});
    context.say(`Added ${cluster}/${role.name}.`);
  },
});
