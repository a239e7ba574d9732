import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {optional, repeated, required} from '../../cli/flags.ts';
import {parsePairs} from '../../output/amounts.ts';
import {workerText} from '../../output/views/workers.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Set and unset labels of a worker',
  description: 'KEY=VALUE sets a label, KEY- unsets one. Jobs and DevBoxes may ask for them with --label.',
  examples: [
    {does: 'Set one', line: 'workers label nas disk=fast'},
    {does: 'Set one and unset another', line: 'workers label nas --set disk=fast --unset disk-old'},
  ],
  hasDryRun: true,
  args: {
    worker: required('name or id of the worker'),
    label: optional('KEY=VALUE to set it, KEY- to unset it; more with --set and --unset'),
  },
  flags: {
    set: repeated({description: 'a label to set; may be repeated', helpValue: 'KEY=VALUE'}),
    unset: repeated({description: 'a label to unset; may be repeated', helpValue: 'KEY'}),
  },
  async run(context, {args, flags}) {
    const isUnset = args.label?.endsWith('-') === true && !args.label.includes('=');
    const given = args.label === undefined ? [] : [args.label];
    const set = [...(flags.set ?? []), ...(isUnset ? [] : given)];
    const unset = [...(flags.unset ?? []), ...(isUnset ? given.map(label => label.slice(0, -1)) : [])];
    if (set.length + unset.length === 0) throw new BoxyardError('INVALID_INPUT', {field: 'KEY=VALUE', issue: 'missing'});
    const {client} = await context.connect();
    const body = {...(set.length === 0 ? {} : {set: parsePairs(set, 'LABEL')}), ...(unset.length === 0 ? {} : {unset})};
    const send = () => client.workersLabel({worker: args.worker, body});
    const worker = await withSuggestion(args.worker, 'worker', send, () => client.workersList());
    await context.print.item(worker, {name: found => found.name, text: workerText});
  },
});
