import {boolean, string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {printAccepted} from '../../cli/finish-job.ts';
import {repeated, required} from '../../cli/flags.ts';
import {followRun} from '../../cli/follow-run.ts';
import {parsePairs} from '../../output/amounts.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {submit} from '../../services/submit.ts';

export default defineCommand({
  summary: 'Run a role of a cluster',
  description:
    'Prints the id of the run, which is a job. With --wait it shows the output of all its children live and ends with 0 where all succeeded, 7 where some did, 1 where none did.',
  examples: [
    {does: 'Start it', line: 'clusters run team builder'},
    {does: 'And see it through', line: 'clusters run team builder --wait'},
    {does: 'With something to work on', line: 'clusters run team builder --input branch=main --prompt "Mend the tests."'},
  ],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster'), role: required('name or id of the role')},
  flags: {
    wait: boolean({description: 'follow it to its end'}),
    input: repeated({description: 'hand this in as BOXYARD_INPUT_NAME; may be repeated', helpValue: 'NAME=VALUE'}),
    prompt: string({description: 'what is to be done this time, instead of the role’s prompt'}),
    'idempotency-key': string({description: 'the same key makes no second run', helpValue: 'KEY'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = {
      ...(flags.prompt === undefined ? {} : {prompt: flags.prompt}),
      ...(flags.input === undefined ? {} : {inputs: parsePairs(flags.input, '--input')}),
    };
    const onLost = () => context.say('The server did not answer; asking again.');
    const run = () => submit(key => client.rolesRun({...args, body, key}), {key: flags['idempotency-key'], onLost});
    const job = await withSuggestion(args.cluster, 'cluster', run, () => client.clustersList());
    if (flags.wait) return followRun(context, client, job, undefined);
    await printAccepted(context, job);
    return 0;
  },
});
