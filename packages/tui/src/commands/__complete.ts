import type {Client} from '@boxyard/core/client';
import {defineCommand} from '../cli/define-command.ts';
import {optional} from '../cli/flags.ts';
import {safeLine} from '../output/safe-text.ts';

const answerMs = 300;

/** Which names may follow these words. */
const namesAfter: Readonly<Record<string, (client: Client) => Promise<readonly string[]>>> = {
  devboxes: async client => (await client.devboxesList({requestTimeoutMs: answerMs})).items.map(box => box.name),
  exec: async client => namesAfter['devboxes']!(client),
  ports: async client => namesAfter['devboxes']!(client),
  workers: async client => (await client.workersList({requestTimeoutMs: answerMs})).items.map(worker => worker.name),
  jobs: async client => (await client.jobsList({query: {limit: 50}, requestTimeoutMs: answerMs})).items.map(job => job.id),
  secrets: async client => (await client.secretsList({requestTimeoutMs: answerMs})).items.map(secret => secret.name),
};

export default defineCommand({
  summary: 'Names for the completion of a shell',
  description: 'Prints nothing where no server answers at once.',
  examples: [
    {does: 'DevBoxes', line: '__complete devboxes show'},
    {does: 'Workers', line: '__complete workers show'},
  ],
  hidden: true,
  args: {noun: optional('first word of the line'), verb: optional('second word of the line')},
  async run(context, {args}) {
    const find = namesAfter[args.noun ?? ''];
    if (find === undefined) return;
    const {client} = await context.connect();
    const names = await find(client).catch(() => []);
    context.program.stdout.write(names.map(name => `${safeLine(name)}\n`).join(''));
  },
});
