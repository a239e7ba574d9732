import {defineCommand} from '../../cli/define-command.ts';
import {choice, duration, required} from '../../cli/flags.ts';

export default defineCommand({
  summary: 'Make a token',
  description: 'Prints it once; the server keeps only its hash. viewer reads, member runs too, admin manages too, owner may do all.',
  examples: [
    {does: 'For a program that runs jobs', line: 'tokens create ci --access member --expires 90d'},
    {does: 'The line alone, into a file', line: 'tokens create laptop --output name > token'},
  ],
  hasDryRun: true,
  args: {name: required('name of the token')},
  flags: {
    access: choice('access', ['owner', 'admin', 'member', 'viewer'])({description: 'what it may do', default: 'member'}),
    expires: duration('expires')({description: 'how long it works (default: until revoked)'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const body = {name: args.name, access: flags.access as 'member', ...(flags.expires === undefined ? {} : {expiresInMs: flags.expires})};
    const token = await client.tokensCreate({body});
    if (context.print.format === 'table') context.say('Shown this once. Use it with boxyard login, or as BOXYARD_TOKEN:');
    await context.print.item(token, {name: made => made.token ?? made.id, text: made => made.token ?? ''});
  },
});
