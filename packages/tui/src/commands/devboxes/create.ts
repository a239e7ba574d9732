import {boolean, string} from '@oclif/core/flags';
import type {z} from 'zod';
import type {CreateDevBoxRequest} from '@boxyard/core/api';
import {boxFlags} from '../../cli/box-flags.ts';
import {boxRequest, sourceOf} from '../../cli/box-request.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';
import {repeated, required} from '../../cli/flags.ts';
import {findProjectFile} from '../../services/project-file.ts';
import {submit} from '../../services/submit.ts';

const {retries: _retries, ...flags} = boxFlags;

export default defineCommand({
  summary: 'Create a DevBox',
  description: 'A container that lives on: created from an image, a repository or directory put into /workspace, set up, and left running.',
  examples: [
    {does: 'With a repository', line: 'devboxes create web --repo https://git.example/app.git --branch main --image node:24'},
    {does: 'With this directory, on the worker nas', line: 'devboxes create web --dir . --worker nas'},
    {does: 'With a command that sets it up', line: 'devboxes create web --image debian:12 --setup "apt-get update"'},
  ],
  hasDryRun: true,
  args: {name: required('name of the DevBox')},
  flags: {
    ...flags,
    setup: repeated({description: 'run this in it before it is ready; may be repeated', helpValue: 'COMMAND'}),
    task: string({description: 'text of the task file that is put into it'}),
    'no-setup': boolean({description: 'leave out setup of .boxyard.yaml'}),
    detach,
  },
  async run(context, {args, flags: given}) {
    const project = await findProjectFile(context.program.cwd);
    const box = await boxRequest(context, given, project);
    const {client} = await context.connect();
    const source = await sourceOf(context, client, given);
    const setup = given.setup ?? (given['no-setup'] ? undefined : project?.setup);
    const body = {
      ...box,
      name: args.name,
      ...(source === undefined ? {} : {source}),
      ...(setup === undefined ? {} : {setup: [...setup]}),
      ...(given.task === undefined ? {} : {task: given.task}),
    } as z.input<typeof CreateDevBoxRequest>;
    const onLost = () => context.say('The server did not answer; asking again.');
    const {job} = await submit(key => client.devboxesCreate({body, key}), {key: given['idempotency-key'], onLost});
    return finishJob(context, client, job, {
      detach: given.detach,
      done: `${args.name} runs. Next: boxyard exec ${args.name} -- COMMAND`,
      failed: `${args.name} stays as it is, to be looked into. Away with it: boxyard devboxes remove ${args.name} --now`,
    });
  },
});
