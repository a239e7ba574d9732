import {defineCommand} from '../../cli/define-command.ts';

export default defineCommand({
  summary: 'Run the worker at boot no more',
  description: 'Stops the service and removes it. DevBoxes stay, and this machine stays joined.',
  examples: [
    {does: 'Stop and remove it', line: 'worker uninstall'},
    {does: 'What was done, as JSON', line: 'worker uninstall --output json'},
  ],
  async run(context) {
    const {uninstall} = await import('../../cli/install-worker.ts');
    return uninstall(context);
  },
});
