import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {imageCheckList} from '../../output/views/images.ts';

export default defineCommand({
  summary: 'Say which workers have an image',
  description: 'Ends with 0 where at least one has it, 5 where none has.',
  examples: [
    {does: 'By name', line: 'images check debian:12'},
    {does: 'As JSON', line: 'images check localhost/web:ready --output json'},
  ],
  args: {image: required('name of the image')},
  async run(context, {args}) {
    const {client} = await context.connect();
    const answer = await client.imagesCheck({query: {ref: args.image}});
    if (context.print.format === 'json' || context.print.format === 'yaml') await context.print.value(answer, '');
    else await context.print.list({items: answer.workers}, imageCheckList);
    return answer.workers.some(row => row.found) ? 0 : 5;
  },
});
