import {boolean, string} from '@oclif/core/flags';
import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {choice, repeated, required} from '../cli/flags.ts';
import {checkTerminal, followTerminal, terminalSize} from '../cli/follow-terminal.ts';
import {withSuggestion} from '../services/named-object.ts';
import {safeLine} from '../output/safe-text.ts';
import {inTmux, shellCommand} from '../output/shell-command.ts';
import {keptName} from '../services/kept-name.ts';
import {leftIn} from '../services/left-in.ts';
import {submit} from '../services/submit.ts';

export default defineCommand({
  summary: 'Open a terminal in a DevBox, or come back to it',
  description:
    'Shows the terminal of that name with the screen as it is, and opens it where there is none. It goes on when you leave, when this terminal closes, and when the server or the agent restarts. The leader key (ctrl-q) and d leaves it, ctrl-q and t types here instead of elsewhere, ctrl-q twice sends ctrl-q. Also: boxyard shell, boxyard attach.',
  examples: [
    {does: 'A shell in the DevBox web, or the one that is there', line: 'terminal web'},
    {does: 'A second one beside it', line: 'terminal --name logs web'},
    {does: 'A program of its own', line: 'terminal --name top web -- top'},
    {does: 'One that is there again after the engine was killed', line: 'terminal --keep tmux web'},
    {does: 'Only look', line: 'terminal --read-only web'},
  ],
  runsCommand: true,
  args: {devbox: required('name or id of the DevBox; DEVBOX/NAME; or the id of a job at a terminal')},
  flags: {
    name: string({description: 'name of the terminal', default: 'shell'}),
    first: repeated({description: 'run this before the shell; may be repeated', helpValue: 'LINE'}),
    keep: choice('keep', ['tmux'])({
      description: 'run it in tmux, if the image has it: what runs there also outlives an engine that is killed, and is gone on with',
    }),
    'read-only': boolean({description: 'look on without typing'}),
    user: string({description: 'user inside, for a new one'}),
    cwd: string({description: 'directory inside, for a new one'}),
  },
  async run(context, {flags, args, command}) {
    checkTerminal(context, `boxyard exec ${args.devbox} -- COMMAND`);
    const {client} = await context.connect();
    const [devbox = '', named = flags.name] = args.devbox.split('/');
    const last = await lastJob(client, devbox, named);
    const live = isJobId(devbox) || isLive(last) ? last : undefined;
    const again =
      live?.devbox === undefined && live !== undefined
        ? `boxyard terminal ${live.id}`
        : `boxyard terminal ${devbox}${named === 'shell' ? '' : `/${named}`}`;
    if (live !== undefined) return followTerminal(context, client, live, {again, isReadonly: flags['read-only']});
    if (flags['read-only'])
      throw new BoxyardError('NOT_FOUND', {what: 'terminal', name: `${devbox}/${named}`, list: 'boxyard terminals list'});
    const cwd = flags.cwd ?? leftIn(last);
    if (flags.cwd === undefined && cwd !== undefined)
      context.say(`The last one ended with its engine; this one begins in ${safeLine(cwd)}.`);
    const inside = command.length > 0 ? [...command] : shellCommand(flags.first);
    const body = {
      name: named,
      command: flags.keep === 'tmux' ? inTmux(await keptName(client, devbox, named), inside) : inside,
      tty: terminalSize(context),
      ...(flags.user === undefined ? {} : {user: flags.user}),
      ...(cwd === undefined ? {} : {cwd}),
    };
    const onLost = () => context.say('The server did not answer; asking again.');
    const open = () => submit(key => client.devboxesExec({devbox, body, key}), {onLost});
    const job = await withSuggestion(devbox, 'DevBox', open, () => client.devboxesList());
    return followTerminal(context, client, job, {again});
  },
});

const isJobId = (text: string): boolean => /^j-[a-z2-7]+$/.test(text);

/** The job named, or the last of that DevBox and name. */
async function lastJob(client: Client, devbox: string, name: string): Promise<JobView | undefined> {
  if (isJobId(devbox)) return client.jobsShow({job: devbox});
  // What is there under the name without a terminal, or not at all, the server says when one is to be opened.
  return client.jobsShow({job: `${devbox}/${name}`}).catch((error: unknown) => {
    if (isBoxyardError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
}

const isLive = (job: JobView | undefined): boolean =>
  job !== undefined && job.state !== 'ended' && job.spec.kind === 'exec' && job.spec.command.tty !== undefined;
