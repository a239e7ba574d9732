import {resolve} from 'node:path';
import {boolean, string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {boxFlags} from '../cli/box-flags.ts';
import {boxRequest, sourceOf} from '../cli/box-request.ts';
import {defineCommand} from '../cli/define-command.ts';
import {detach, printAccepted} from '../cli/finish-job.ts';
import {fanOutFlags, fanOutOf} from '../cli/fan-out-flags.ts';
import {repeated} from '../cli/flags.ts';
import {followRun} from '../cli/follow-run.ts';
import {checkTty, followTerminal, terminalSize, tty} from '../cli/follow-terminal.ts';
import {connectOrOffer} from '../cli/offer-up.ts';
import {buildOf} from '../services/role-builds.ts';
import {findProjectFile} from '../services/project-file.ts';
import {submit} from '../services/submit.ts';

export default defineCommand({
  summary: 'Run a command on a worker',
  description:
    'Runs it in a fresh container of the image, shows its output live and ends with its exit code. Ctrl-C cancels it. It goes on when this terminal or the server goes away; `jobs logs` shows it again.',
  examples: [
    {does: 'The least that can be typed', line: 'run -- uname -a'},
    {does: 'Test this directory and bring a folder back', line: 'run --dir . --out dist --image node:24 -- npm test'},
    {does: 'In an image that is built of this directory first', line: 'run --build . -- npm test'},
    {does: 'Feed it', line: 'run -i -- sort < names.txt'},
    {does: 'Look around in an image', line: 'run -it --image debian:12 -- bash'},
    {does: 'Once on every worker', line: 'run --each worker -- df -h'},
    {does: 'Each combination, four at a time', line: 'run --matrix node=20,22 --matrix os=a,b --parallel 4 -- ./test.sh'},
    {does: 'What would be sent', line: 'run --dry-run --dir . --memory 2g -- make test'},
    {does: 'In the background; prints the id alone', line: 'run --detach --output name -- make all'},
  ],
  hasDryRun: true,
  runsCommand: true,
  flags: {
    ...boxFlags,
    build: string({
      description: 'build the image of this directory, where the worker does not have it yet',
      helpValue: 'DIR',
      exclusive: ['image'],
    }),
    'build-file': string({description: 'path of the file inside it (default: Containerfile, else Dockerfile)', dependsOn: ['build']}),
    interactive: boolean({char: 'i', description: 'feed stdin to it'}),
    name: string({description: 'name of the job'}),
    out: repeated({description: 'bring this path of /workspace back; may be repeated', helpValue: 'PATH'}),
    ...fanOutFlags,
    report: boolean({description: 'give it boxyard-report and a secret to tell its progress and result with; children always have them'}),
    tty,
    detach,
  },
  async run(context, {flags, command}) {
    const fanOut = await fanOutOf(flags, {cwd: context.program.cwd, stdin: context.program.stdin});
    if (flags.interactive && (flags.detach || fanOut !== undefined))
      throw new BoxyardError('INVALID_INPUT', {
        field: '--interactive',
        issue: 'does not go together with --detach, --copies, --each or --matrix',
      });
    if (flags.tty && fanOut !== undefined)
      throw new BoxyardError('INVALID_INPUT', {field: '--tty', issue: 'does not go together with --copies, --each or --matrix'});
    checkTty(context, flags, 'boxyard run');
    const project = await findProjectFile(context.program.cwd);
    const {image, ...rest} = await boxRequest(context, flags, project);
    const {client} = await connectOrOffer(context);
    const source = await sourceOf(context, client, flags);
    const build = flags.build && (await buildOf(client, resolve(context.program.cwd, flags.build), flags['build-file']));
    const body = {
      ...rest,
      ...(build ? {build} : image === undefined ? {} : {image}),
      ...(command.length === 0 ? {} : {command: [...command]}),
      ...(flags.name === undefined ? {} : {name: flags.name}),
      ...(flags.tty ? {tty: terminalSize(context)} : flags.interactive ? {stdin: true} : {}),
      ...(source === undefined ? {} : {source}),
      ...(flags.out === undefined ? {} : {out: flags.out}),
      ...(fanOut === undefined ? {} : {fanOut}),
      ...(flags.report ? {report: true} : {}),
    };
    const onLost = () => context.say('The server did not answer; asking again.');
    const job = await submit(key => client.jobsCreate({body, key}), {key: flags['idempotency-key'], onLost});
    if (flags.tty) return followTerminal(context, client, job, {again: `boxyard terminal ${job.id}`});
    if (!flags.detach) return followRun(context, client, job, flags.interactive ? context.program.stdin : undefined);
    await printAccepted(context, job);
    return 0;
  },
});
