import {rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {text} from 'node:stream/consumers';
import {boolean, string} from '@oclif/core/flags';
import {createClient} from '@boxyard/core/client';
import {files, parseTicket, writePrivate} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {askSecret} from '../cli/ask-secret.ts';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';

export default defineCommand({
  summary: 'Keep the token of a server',
  description:
    'Takes a line bxt_… (boxyard tokens create), asks the server it names whether it is valid, and keeps it in a file only you can read. The line is read from stdin or a file, or asked for; as an argument everybody on this machine could read it.',
  examples: [
    {does: 'Asked for', line: 'login'},
    {does: 'From a file', line: 'login --token-file token.txt'},
    {does: 'From another program', line: 'pass boxyard | boxyard login --token -'},
    {does: 'Back to the server of this machine', line: 'login --local'},
  ],
  flags: {
    'token-file': string({description: 'read the line from this file; - is stdin', helpValue: 'FILE', exclusive: ['token', 'local']}),
    token: string({description: '- reads the line from stdin', helpValue: '-', exclusive: ['local']}),
    local: boolean({description: 'forget the login: use the server that boxyard up runs here'}),
  },
  async run(context, {flags}) {
    const file = files(context.paths).credentials;
    if (flags.local) {
      rmSync(file, {force: true});
      context.say('Forgot the login. Commands go to the server on this machine.');
      return 0;
    }
    if (flags.token !== undefined && flags.token !== '-')
      throw new BoxyardError('INVALID_INPUT', {
        field: '--token',
        issue: 'is no place for a token: everybody on this machine sees the arguments of a program',
        hint: 'boxyard login --token-file FILE, or --token - to read it from stdin',
      });
    const line = await readLine(context, flags['token-file'] ?? '-');
    const ticket = parseTicket(line, 'bxt');
    const client = createClient({server: context.flags.server, token: line.trim(), env: context.program.env});
    const me = await client.whoami();
    writePrivate(file, `${JSON.stringify({server: client.server, token: ticket.secret, fingerprint: ticket.fingerprint}, null, 2)}\n`);
    context.say(`Logged in to ${client.server} as ${me.actor} (${me.access} of ${me.tenant.name}).`);
    return 0;
  },
});

async function readLine(context: Context, file: string): Promise<string> {
  const {stdin, cwd} = context.program;
  if (file === '-') return stdin.isTTY ? askSecret(context, 'Token') : text(stdin);
  return readFile(resolve(cwd, file), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new BoxyardError('INVALID_INPUT', {field: '--token-file', issue: `${file} cannot be read (${cause.code})`}, {cause});
  });
}
