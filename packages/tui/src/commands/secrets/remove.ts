import {defineCommand} from '../../cli/define-command.ts';
import {required} from '../../cli/flags.ts';
import {withSuggestion} from '../../services/named-object.ts';

export default defineCommand({
  summary: 'Forget a secret',
  description: 'Jobs that name it fail from now on; those that run keep what they have.',
  examples: [
    {does: 'By name', line: 'secrets remove npm-token'},
    {does: 'That of a git host', line: 'secrets remove git:github.com'},
  ],
  hasDryRun: true,
  args: {secret: required('name of the secret')},
  async run(context, {args}) {
    const {client} = await context.connect();
    await withSuggestion(
      args.secret,
      'secret',
      () => client.secretsRemove({secret: args.secret}),
      () => client.secretsList(),
    );
    context.say(`Forgot ${args.secret}.`);
  },
});
