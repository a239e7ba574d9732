import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Cancel the runs of a cluster',
  description:
    'Of all its roles or of one, also those that wait. Its roles may be run again at once; `clusters disable` keeps them from it.',
  examples: [
    {does: 'Everything', line: 'clusters stop team'},
    {does: 'One role', line: 'clusters stop team --role builder'},
  ],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster')},
  flags: {role: string({description: 'only runs of this role'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const stop = () => client.clustersStop({cluster: args.cluster, body: flags.role === undefined ? {} : {role: flags.role}});
    const {jobs} = await withSuggestion(args.cluster, 'cluster', stop, () => client.clustersList());
    await context.print.item({jobs}, {name: () => jobs.join('\n'), text: () => jobs.join('\n')});
    if (context.print.format === 'table')
      context.say(jobs.length === 0 ? 'Nothing runs.' : `${jobs.length === 1 ? '1 run is' : `${jobs.length} runs are`} being cancelled.`);
  },
});
