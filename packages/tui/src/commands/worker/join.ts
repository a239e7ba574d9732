import {hostname} from 'node:os';
import {text} from 'node:stream/consumers';
import {boolean, string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {askSecret} from '../../cli/ask-secret.ts';
import {agentFlags} from '../../cli/agent-flags.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {passedOn} from '../../cli/passed-on.ts';
import {runProgram} from '../../services/run-program.ts';

export default defineCommand({
  summary: 'Make this machine a worker of a server',
  description:
    'Asks for the invitation that `boxyard workers invite` printed, or reads it from stdin or BOXYARD_INVITATION; it is never an argument. Nothing is sent to a server that is not the one that made it. Then it works for that server in the foreground, as `worker run` does.',
  examples: [
    {does: 'Asked for', line: 'worker join'},
    {does: 'From a pipe, under another name', line: 'worker join --name nas < invitation'},
    {does: 'And offer the machine itself, not only containers', line: 'worker join --engine podman --engine process'},
    {does: 'Now and at every boot, as a service', line: 'worker join --install'},
  ],
  flags: {
    name: string({description: 'name of the worker (default: the host’s)'}),
    replace: boolean({description: 'leave the server this machine works for now'}),
    install: boolean({description: 'install the service that runs it, as worker install does', exclusive: ['only']}),
    only: boolean({description: 'join, and start nothing'}),
    ...agentFlags,
  },
  async run(context, {flags}) {
    const {program} = context;
    const {join} = await import('@boxyard/agent/join');
    const invitation =
      program.env['BOXYARD_INVITATION'] ?? (program.stdin.isTTY ? await askSecret(context, 'Invitation') : await text(program.stdin));
    if (invitation.trim() === '')
      throw new BoxyardError('INVALID_INPUT', {
        field: 'Invitation',
        issue: 'missing',
        hint: 'boxyard workers invite, on the server’s machine, prints it; give it on stdin or in BOXYARD_INVITATION',
      });
    const host = hostname();
    const joined = await join({
      invitation: invitation.trim(),
      name: flags.name ?? host,
      hostname: host,
      env: program.env,
      replace: flags.replace,
    });
    context.say(`This machine is the worker ${joined.name} of ${joined.tenantName || joined.tenant} at ${joined.url}.`);
    const given = [...passedOn(flags, Object.keys(agentFlags)), ...(flags.name === undefined ? [] : ['--name', flags.name])];
    if (flags.install) {
      const {install} = await import('../../cli/install-worker.ts');
      return install(context, given);
    }
    if (flags.only) {
      context.say('Start it: boxyard worker run, or at every boot: boxyard worker install');
      return 0;
    }
    context.say('It works until you stop it (Ctrl-C). At every boot: boxyard worker install');
    return runProgram('agent', given, program);
  },
});
