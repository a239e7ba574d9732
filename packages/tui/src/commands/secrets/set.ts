import {text} from 'node:stream/consumers';
import {boolean} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {askSecret} from '../../cli/ask-secret.ts';

export default defineCommand({
  summary: 'Keep a secret',
  description:
    'Reads its value from stdin, or asks for it without showing it. It is never shown again; jobs name it. git:HOST and registry:HOST are used for clones and pulls.',
  examples: [
    {does: 'From a file', line: 'secrets set npm-token < token.txt'},
    {does: 'For a private repository, asked for', line: 'secrets set git:github.com'},
  ],
  hasDryRun: true,
  args: {secret: required('name of the secret')},
  flags: {'keep-newline': boolean({description: 'do not cut off the line end'})},
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const given = context.program.stdin.isTTY ? await askSecret(context, `Value of ${args.secret}`) : await text(context.program.stdin);
    const value = flags['keep-newline'] ? given : given.replace(/\r?\n$/, '');
    if (value === '') throw new BoxyardError('INVALID_INPUT', {field: 'the value', issue: 'is empty'});
    await client.secretsSet({secret: args.secret, body: {value}});
    context.say(`Kept ${args.secret}.`);
  },
});
