import {defineCommand} from '../../cli/define-command.ts';
import {imageList} from '../../output/views/images.ts';

export default defineCommand({
  summary: 'List images on the workers',
  description: 'Asks every connected worker; those that did not answer within five seconds are named.',
  examples: [
    {does: 'All of them', line: 'images list'},
    {does: 'As JSON', line: 'images list --output json'},
  ],
  async run(context) {
    const {client} = await context.connect();
    const page = await client.imagesList();
    await context.print.list(page, imageList);
    if (page.missing.length > 0) context.say(`No answer from: ${page.missing.join(', ')}.`);
    return page.missing.length > 0 && page.items.length > 0 ? 7 : 0;
  },
});
