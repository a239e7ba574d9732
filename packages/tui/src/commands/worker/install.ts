import {string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {agentFlags} from '../../cli/agent-flags.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {passedOn} from '../../cli/passed-on.ts';
import {readWorkerFile} from '../../services/worker-file.ts';

const flags = {name: string({description: 'name of the worker (default: the host’s)'}), ...agentFlags};

export default defineCommand({
  summary: 'Run the worker at every boot',
  description:
    'Writes a systemd unit (as root a system’s, else a user’s) or a launchd agent and starts it. Boxes and their output survive its restarts.',
  examples: [
    {does: 'Install and start it', line: 'worker install'},
    {does: 'With four slots and a name of its own', line: 'worker install --slots 4 --name nas'},
    {does: 'What was written, as JSON', line: 'worker install --output json'},
  ],
  flags,
  async run(context, {flags: given}) {
    if (readWorkerFile(context.paths) === undefined)
      throw new BoxyardError('CONFLICT', {what: 'This machine', issue: 'has not joined a server', hint: 'boxyard worker join'});
    const {install} = await import('../../cli/install-worker.ts');
    return install(context, passedOn(given, Object.keys(flags)));
  },
});
