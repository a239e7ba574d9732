import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, repeated} from '../../cli/flags.ts';
import {areLoopback, offerBeyond} from '../../cli/offer-beyond.ts';
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
    let {client} = await context.connect();
    const body = {
      ...(flags.name === undefined ? {} : {name: flags.name}),
      ...(flags.expires === undefined ? {} : {expiresInMs: flags.expires}),
      ...(flags.label === undefined ? {} : {labels: parsePairs(flags.label, '--label')}),
    };
    let invitation = await client.invitationsCreate({body});
    if (areLoopback(invitation.addresses)) {
      const again = await offerBeyond(context, invitation.addresses[0] ?? '');
      if (again !== undefined) {
        ({client} = again);
        await client.invitationsRemove({invitation: invitation.id});
        invitation = await client.invitationsCreate({body});
      }
    }
    const line = invitation.line ?? '';
    if (context.print.format === 'table') {
      context.say('On the other machine, run: boxyard worker join\nand give it this line, once, before it expires:\n');
    }
    await context.print.item(invitation, {name: () => line, text: () => line});
  },
});
