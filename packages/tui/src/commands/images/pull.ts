import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';
import {required} from '../../cli/flags.ts';
import {submit} from '../../services/submit.ts';

export default defineCommand({
  summary: 'Pull an image on a worker',
  description: 'The progress is shown on stderr. Without --worker the server chooses one.',
  examples: [
    {does: 'By name', line: 'images pull debian:12'},
    {does: 'By its full name', line: 'images pull ghcr.io/owner/name:tag --worker nas'},
  ],
  hasDryRun: true,
  args: {image: required('name of the image')},
  flags: {
    worker: string({description: 'name or id of the worker'}),
    engine: string({description: 'engine of the worker'}),
    'idempotency-key': string({description: 'the same key makes no second job', helpValue: 'KEY'}),
    detach,
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = {ref: args.image, worker: flags.worker, engine: flags.engine};
    const job = await submit(key => client.imagesPull({body, key}), {key: flags['idempotency-key']});
    return finishJob(context, client, job, {
      detach: flags.detach,
      done: ended => `Pulled ${args.image}${ended.worker ? ` on ${ended.worker.name}` : ''}.`,
    });
  },
});
