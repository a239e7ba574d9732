import {string} from '@oclif/core/flags';
import {agentFlags} from '../../cli/agent-flags.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {choice} from '../../cli/flags.ts';
import {passedOn} from '../../cli/passed-on.ts';
import {runProgram} from '../../services/run-program.ts';

const flags = {
  url: string({description: 'address of the server (default: the one joined)', helpValue: 'WS-URL'}),
  name: string({description: 'name of the worker (default: the host’s)'}),
  mode: choice('mode', ['byom', 'fleet'])({description: 'fleet reads /etc/boxyard/agent.yaml'}),
  ...agentFlags,
};

export default defineCommand({
  summary: 'Work for a server, in the foreground',
  description:
    'Runs the agent of this machine until it is stopped; its log goes to stdout. Containers go on without it and are found again.',
  examples: [
    {does: 'For the server that was joined', line: 'worker run'},
    {does: 'With four slots and a label', line: 'worker run --slots 4 --label disk=fast'},
  ],
  flags,
  run: (context, {flags: given}) => runProgram('agent', passedOn(given, Object.keys(flags)), context.program),
});
