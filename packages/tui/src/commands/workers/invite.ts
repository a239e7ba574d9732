import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, repeated} from '../../cli/flags.ts';
import {parsePairs} from '../../output/amounts.ts';

export default defineCommand({
  summary: 'Invite another machine',
  description:
    'Prints a line for `boxyard worker join` on the other machine. It works once, for a day, and only for this server. Treat it like a password.',
  examples: [
    {does: 'A line for a new machine', line: 'workers invite'},
    {does: 'With a name and a label, for an hour', line: 'workers invite --name nas --label disk=fast --expires 1h'},
  ],
  flags: {
    name: string({description: 'name the worker will have'}),
    label: repeated({char: 'l', description: 'a label the worker will have; may be repeated', helpValue: 'KEY=VALUE'}),
    expires: duration('expires')({description: 'how long it can be used (default 1d)'}),
  },
  async run(context, {flags}) {
    const {client} = await context.connect();
    const body = {
      ...(flags.name === undefined ? {} : {name: flags.name}),
      ...(flags.expires === undefined ? {} : {expiresInMs: flags.expires}),
      ...(flags.label === undefined ? {} : {labels: parsePairs(flags.label, '--label')}),
    };
    const invitation = await client.invitationsCreate({body});
    const line = invitation.line ?? '';
    if (context.print.format === 'table') {
      if (invitation.addresses.every(address => /^(127\.|localhost|\[::1\])/.test(address)))
        context.say(
          'This server listens on this machine alone. For other machines: boxyard config set listen 0.0.0.0:4240, boxyard down, boxyard up',
        );
      context.say('On the other machine, run: boxyard worker join\nand give it this line, once, before it expires:\n');
    }
    await context.print.item(invitation, {name: () => line, text: () => line});
  },
});
