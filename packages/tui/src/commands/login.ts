import {rmSync} from 'node:fs';
import {text} from 'node:stream/consumers';
import {boolean} from '@oclif/core/flags';
import {createClient} from '@boxyard/core/client';
import {files, parseTicket, writePrivate} from '@boxyard/core/config';
import {askSecret} from '../cli/ask-secret.ts';
import {defineCommand} from '../cli/define-command.ts';

export default defineCommand({
  summary: 'Keep the token of a server',
  description:
    'Takes a line bxt_… (boxyard tokens create), asks the server it names whether it is valid, and keeps it in a file only you can read. The line is read from stdin or asked for, never taken as an argument.',
  examples: [
    {does: 'Asked for', line: 'login'},
    {does: 'From a file', line: 'login < token.txt'},
    {does: 'Back to the server of this machine', line: 'login --local'},
  ],
  flags: {local: boolean({description: 'forget the login: use the server that boxyard up runs here'})},
  async run(context, {flags}) {
    const file = files(context.paths).credentials;
    if (flags.local) {
      rmSync(file, {force: true});
      context.say('Forgot the login. Commands go to the server on this machine.');
      return 0;
    }
    const line = context.program.stdin.isTTY ? await askSecret(context, 'Token') : await text(context.program.stdin);
    const ticket = parseTicket(line, 'bxt');
    const client = createClient({server: context.flags.server, token: line.trim(), env: context.program.env});
    const me = await client.whoami();
    writePrivate(file, `${JSON.stringify({server: client.server, token: ticket.secret, fingerprint: ticket.fingerprint}, null, 2)}\n`);
    context.say(`Logged in to ${client.server} as ${me.actor} (${me.access} of ${me.tenant.name}).`);
    return 0;
  },
});
