import {resolve} from 'node:path';
import {boolean, string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';
import {optional, repeated} from '../../cli/flags.ts';
import {parsePairs} from '../../output/amounts.ts';
import {buildFile} from '../../services/build-file.ts';
import {packDir} from '../../services/pack-dir.ts';
import {submit} from '../../services/submit.ts';

export default defineCommand({
  summary: 'Build an image on a worker',
  description:
    'Sends a directory (git’s files, else all but .boxyardignore) and builds it there; the output of the build is shown on stderr. Ctrl-C stops it.',
  examples: [
    {does: 'This directory', line: 'images build --tag localhost/web:1'},
    {does: 'Another file, with an argument', line: 'images build ./app --tag localhost/web:1 --file Containerfile --build-arg VERSION=2'},
    {does: 'How much would be sent, and what for', line: 'images build --tag localhost/web:ready --dry-run'},
  ],
  hasDryRun: true,
  args: {dir: optional('directory to send (default: this one)')},
  flags: {
    tag: string({char: 't', description: 'name of the image', required: true, helpValue: 'NAME'}),
    file: string({description: 'path of the file inside the directory (default: Containerfile, else Dockerfile)'}),
    'build-arg': repeated({description: 'an argument of the build; may be repeated', helpValue: 'KEY=VALUE'}),
    target: string({description: 'stage to build'}),
    'no-cache': boolean({description: 'build every step again'}),
    capability: repeated({description: 'a capability the image carries; may be repeated', helpValue: 'NAME'}),
    worker: string({description: 'name or id of the worker'}),
    engine: string({description: 'engine of the worker'}),
    'idempotency-key': string({description: 'the same key makes no second job', helpValue: 'KEY'}),
    detach,
  },
  async run(context, {args, flags}) {
    const dir = resolve(context.program.cwd, args.dir ?? '.');
    const packed = await packDir(dir, 'DIR');
    const file = buildFile(dir, flags.file);
    const {client} = await context.connect();
    const body = {
      ref: flags.tag,
      context: await client.uploads(packed.stream),
      file,
      target: flags.target,
      worker: flags.worker,
      engine: flags.engine,
      capabilities: flags.capability,
      ...(flags['no-cache'] ? {cache: false} : {}),
      ...(flags['build-arg'] === undefined ? {} : {args: parsePairs(flags['build-arg'], '--build-arg')}),
    };
    const job = await submit(key => client.imagesBuild({body, key}), {key: flags['idempotency-key']});
    return finishJob(context, client, job, {
      detach: flags.detach,
      done: ended => `Built ${flags.tag}${ended.worker ? ` on ${ended.worker.name}` : ''}.`,
    });
  },
});
