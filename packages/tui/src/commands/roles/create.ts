import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {roleFile, roleIn} from '../../cli/role-flags.ts';
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
    const role = await roleIn(context, flags.file);
    const {client} = await context.connect();
    const cluster = await client.rolesCreate({cluster: args.cluster, body: role});
    const made = cluster.roles.find(each => each.name === role.name)!;
    await context.print.item(made, {name: each => `${cluster.name}/${each.name}`, text: roleText});
    context.say(`Added ${cluster.name}/${made.name}.`);
  },
});
