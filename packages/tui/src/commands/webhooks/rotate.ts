import {string} from '@oclif/core/flags';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, required} from '../../cli/flags.ts';
import {readSecret} from '../../cli/read-secret.ts';
import {onWebhook} from '../../cli/webhook-named.ts';

export default defineCommand({
  summary: 'Give a webhook a new secret',
  description: 'Prints it once. The old one goes on signing beside it for a day, so that the receiver can change over meanwhile.',
  examples: [
    {does: 'With a day to change over', line: 'webhooks rotate chat'},
    {does: 'At once: the old one leaked', line: 'webhooks rotate chat --keep 0s'},
    {does: 'A secret made elsewhere', line: 'webhooks rotate chat --secret-file new-secret.txt'},
  ],
  hasDryRun: true,
  args: {webhook: required('name or id of the webhook')},
  flags: {
    keep: duration('keep', 0)({description: 'how long the old secret signs too (default 1d)'}),
    'secret-file': string({description: 'take the new secret (whsec_…) from a file, or from stdin with -', helpValue: 'FILE'}),
  },
  async run(context, {args: {webhook}, flags}) {
    const file = flags['secret-file'];
    const body = {
      ...(flags.keep === undefined ? {} : {keepMs: flags.keep}),
      ...(file === undefined ? {} : {secret: await readSecret(context, file, '--secret-file')}),
    };
    const {client} = await context.connect();
    const hook = await onWebhook(client, webhook, () => client.webhooksRotate({webhook, body}));
    const secret = hook.secret ?? '';
    if (context.print.format !== 'table' || context.flags.quiet) return context.print.item(hook, {name: () => secret, text: () => secret});
    const until = hook.secrets.find(({expiresAt}) => expiresAt !== undefined)?.expiresAt;
    context.say(until === undefined ? 'The old secret signs nothing any more.' : `The old secret signs beside it until ${until}.`);
    context.say('The new one, shown this once:');
    await context.print.value(secret, secret);
  },
});
