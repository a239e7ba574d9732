import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {choice, repeated, size, whole} from '../../cli/flags.ts';
import {passedOn} from '../../cli/passed-on.ts';
import {runProgram} from '../../services/run-program.ts';

const flags = {
  url: string({description: 'address of the server (default: the one joined)', helpValue: 'WS-URL'}),
  name: string({description: 'name of the worker (default: the host’s)'}),
  mode: choice('mode', ['byom', 'fleet'])({description: 'fleet reads /etc/boxyard/agent.yaml'}),
  'data-dir': string({description: 'where it keeps its journal and spools', helpValue: 'DIR'}),
  'security-floor': choice('security-floor', ['none', 'open', 'standard', 'strict', 'offline'])({description: 'refuse weaker profiles'}),
  'log-level': choice('log-level', ['debug', 'info', 'warn', 'error'])({description: 'how much it says'}),
  slots: whole('slots', {min: 1, max: 100_000})({description: 'jobs at one time (default: cores, at least 2)'}),
  memory: size('memory')({description: 'memory it offers'}),
  engine: repeated({description: 'an engine to offer; process runs on the machine itself; may be repeated', helpValue: 'NAME'}),
  label: repeated({char: 'l', description: 'a label of the machine; may be repeated', helpValue: 'KEY=VALUE'}),
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
