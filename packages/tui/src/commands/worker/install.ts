import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {readWorkerFile} from '../../services/worker-file.ts';

export default defineCommand({
  summary: 'Run the worker at every boot',
  description:
    'Writes a systemd unit (as root a system’s, else a user’s) or a launchd agent and starts it. Boxes and their output survive its restarts.',
  examples: [
    {does: 'Install and start it', line: 'worker install'},
    {does: 'What was written, as JSON', line: 'worker install --output json'},
  ],
  async run(context) {
    if (readWorkerFile(context.paths) === undefined)
      throw new BoxyardError('CONFLICT', {what: 'This machine', issue: 'has not joined a server', hint: 'boxyard worker join'});
    const {install} = await import('../../cli/install-worker.ts');
    return install(context);
  },
});
