import {boolean, string} from '@oclif/core/flags';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {boxFlags} from '../cli/box-flags.ts';
import {boxRequest} from '../cli/box-request.ts';
import {defineCommand} from '../cli/define-command.ts';
import {detach, printAccepted} from '../cli/finish-job.ts';
import {choice, required} from '../cli/flags.ts';
import {followRun} from '../cli/follow-run.ts';
import {checkTty, followTerminal, terminalSize, tty} from '../cli/follow-terminal.ts';
import {keptName} from '../services/kept-name.ts';
import {withSuggestion} from '../services/named-object.ts';
import {inFiles} from '../output/shell-command.ts';
import {submit} from '../services/submit.ts';

const {env, 'env-file': envFile, secret, user, cwd, timeout, grace, 'idempotency-key': idempotencyKey} = boxFlags;

export default defineCommand({
  summary: 'Run a command in a DevBox',
  description:
    'Shows its output live and ends with its exit code. Ctrl-C cancels it. It goes on when this terminal or the server goes away.',
  examples: [
    {does: 'In the DevBox web', line: 'exec web -- npm test'},
    {does: 'Feed it', line: 'exec -i web -- tar -x < files.tar'},
    {
      does: 'A server that goes on by itself; jobs logs web/dev -f shows what it says, jobs cancel web/dev ends it',
      line: 'exec --background --name dev web -- npm run dev',
    },
    {does: 'One that outlives a killed engine: the same again goes on with it', line: 'exec -b --name dev --keep files web -- npm run dev'},
    {does: 'A program that wants a terminal', line: 'exec -it web -- htop'},
    {does: 'As another user, with a variable', line: 'exec --user root --env DEBUG=1 web -- make install'},
  ],
  hasDryRun: true,
  runsCommand: true,
  args: {devbox: required('name or id of the DevBox')},
  flags: {
    env,
    'env-file': envFile,
    secret,
    user,
    cwd,
    timeout,
    grace,
    'idempotency-key': idempotencyKey,
    interactive: boolean({char: 'i', description: 'feed stdin to it'}),
    name: string({description: 'name of the exec, for DEVBOX/NAME'}),
    tty,
    detach,
    background: boolean({
      char: 'b',
      description: 'let it go on by itself until it ends or is cancelled, whatever becomes of this terminal, the server or the agent',
      exclusive: ['interactive', 'timeout'],
    }),
    keep: choice('keep', ['files'])({
      description: 'keep its output and exit code in files of the DevBox: it outlives an engine that is killed, and is gone on with',
      dependsOn: ['background', 'name'],
    }),
  },
  async run(context, {flags, args, command}) {
    if (command.length === 0)
      throw new BoxyardError('INVALID_INPUT', {field: 'COMMAND', issue: 'is missing', hint: `boxyard exec ${args.devbox} -- COMMAND`});
    if (flags.interactive && flags.detach)
      throw new BoxyardError('INVALID_INPUT', {field: '--interactive', issue: 'does not go together with --detach'});
    checkTty(context, flags, 'boxyard exec');
    const {client} = await context.connect();
    // The box has its image; a configured one is about new boxes.
    const {image: _image, ...request} = await boxRequest(context, flags, undefined);
    const body = {
      ...request,
      command: await kept(client, args.devbox, {command, graceMs: request.graceMs, name: flags.keep && flags.name}),
      ...(flags.name === undefined ? {} : {name: flags.name}),
      ...(flags.tty ? {tty: terminalSize(context)} : flags.interactive ? {stdin: true} : {}),
      ...(flags.background ? {background: true} : {}),
    };
    const onLost = () => context.say('The server did not answer; asking again.');
    const send = () => submit(key => client.devboxesExec({devbox: args.devbox, body, key}), {key: flags['idempotency-key'], onLost});
    const job = await withSuggestion(args.devbox, 'DevBox', send, () => client.devboxesList());
    if (flags.tty) return followTerminal(context, client, job, {again: `boxyard terminal ${job.id}`});
    if (!flags.detach && !flags.background) return followRun(context, client, job, flags.interactive ? context.program.stdin : undefined);
    await printAccepted(context, job, flags.name === undefined ? job.id : `${args.devbox}/${flags.name}`);
    return 0;
  },
});

interface ToKeep {
  readonly command: readonly string[];
  readonly graceMs?: number | undefined;
  readonly name?: string | undefined;
}

async function kept(client: Client, devbox: string, {command, graceMs, name}: ToKeep): Promise<string[]> {
  if (name === undefined) return [...command];
  const open = async () => inFiles(await keptName(client, devbox, name), command, graceMs);
  return withSuggestion(devbox, 'DevBox', open, () => client.devboxesList());
}
