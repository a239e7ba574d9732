import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {repeated, required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';
import {detach, finishJob} from '../../cli/finish-job.ts';

export default defineCommand({
  summary: 'Make an image of a DevBox',
  description: 'Its files, /workspace included, become an image on its worker. A running DevBox goes on running.',
  examples: [
    {does: 'An image named web', line: 'devboxes snapshot web web'},
    {does: 'With a tag and what it can do', line: 'devboxes snapshot web web --tag ready --capability gui'},
  ],
  hasDryRun: true,
  args: {devbox: required('name or id of the DevBox'), name: required('name of the image')},
  flags: {
    detach,
    tag: string({description: 'tag of the image'}),
    capability: repeated({description: 'a capability the image carries; may be repeated', helpValue: 'NAME'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = {name: args.name, tag: flags.tag, capabilities: flags.capability};
    const job = await withSuggestion(
      args.devbox,
      'DevBox',
      () => client.devboxesSnapshot({devbox: args.devbox, body}),
      () => client.devboxesList(),
    );
    return finishJob(context, client, job, {
      detach: flags.detach,
      done: ended => `Made ${ended.image?.ref ?? args.name} of ${args.devbox}.`,
    });
  },
});
