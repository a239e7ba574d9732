import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';
import {required} from '../../cli/flags.ts';
import {submit} from '../../services/submit.ts';

export default defineCommand({
  summary: 'Remove an image from a worker',
  description: 'Without --worker the server chooses one that has it. An image that a DevBox uses stays.',
  examples: [
    {does: 'By name', line: 'images remove debian:12 --worker nas'},
    {does: 'By its full name', line: 'images remove localhost/web:ready --engine podman'},
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
    const job = await submit(key => client.imagesRemove({body, key}), {key: flags['idempotency-key']});
    return finishJob(context, client, job, {
      detach: flags.detach,
      done: ended => `Removed ${args.image}${ended.worker ? ` on ${ended.worker.name}` : ''}.`,
    });
  },
});
