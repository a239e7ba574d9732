import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {repeated, required} from '../../cli/flags.ts';
import {parsePairs} from '../../output/amounts.ts';
import {workerText} from '../../output/views/workers.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Set and unset labels of a worker',
  description: 'Jobs and DevBoxes may ask for them with --label. Labels the agent itself reports cannot be changed here.',
  examples: [
    {does: 'Set one', line: 'workers label nas --set disk=fast'},
    {does: 'Set one and unset another', line: 'workers label nas --set disk=fast --unset disk-old'},
  ],
  args: {worker: required('name or id of the worker')},
  flags: {
    set: repeated({description: 'a label to set; may be repeated', helpValue: 'KEY=VALUE'}),
    unset: repeated({description: 'a label to unset; may be repeated', helpValue: 'KEY'}),
  },
  async run(context, {args, flags}) {
    if (flags.set === undefined && flags.unset === undefined)
      throw new BoxyardError('INVALID_INPUT', {field: '--set or --unset', issue: 'is missing'});
    const {client} = await context.connect();
    const body = {
      ...(flags.set === undefined ? {} : {set: parsePairs(flags.set, '--set')}),
      ...(flags.unset === undefined ? {} : {unset: flags.unset}),
    };
    const send = () => client.workersLabel({worker: args.worker, body});
    const worker = await withSuggestion(args.worker, 'worker', send, () => client.workersList());
    await context.print.item(worker, {name: found => found.name, text: workerText});
  },
});
