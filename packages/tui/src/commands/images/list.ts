import {defineList} from '../../cli/define-list.ts';
import {imageList} from '../../output/views/images.ts';

export default defineList({
  summary: 'List images on the workers',
  description: 'Asks every connected worker; those that did not answer within five seconds are named.',
  examples: [
    {does: 'All of them', line: 'images list'},
    {does: 'The biggest first', line: 'images list --sort -size'},
    {does: 'As JSON', line: 'images list --output json'},
  ],
  view: imageList,
  load: client => client.imagesList(),
  after({say}, {items, missing}) {
    if (missing.length > 0) say(`No answer from: ${missing.join(', ')}.`);
    return missing.length > 0 && items.length > 0 ? 7 : 0;
  },
});
