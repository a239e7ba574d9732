import {boolean, string} from '@oclif/core/flags';
import type {RoleWebhookView} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, required} from '../../cli/flags.ts';
import {readSecret} from '../../cli/read-secret.ts';
import {roleWebhookText} from '../../output/views/clusters.ts';

export default defineCommand({
  summary: 'Show where a role is run from outside, and let senders sign',
  description:
    'Whoever has a token may post there. With a secret so may senders that sign: GitHub, and those of the Standard Webhooks. It is shown once; the one before counts for a day beside it.',
  examples: [
    {does: 'Its address, and whether signatures are taken', line: 'roles webhook team builder'},
    {does: 'A secret for GitHub', line: 'roles webhook team builder --new-secret'},
    {does: 'Another one at once: the old one leaked', line: 'roles webhook team builder --new-secret --keep 0s'},
    {does: 'One that the sender made', line: 'roles webhook team builder --secret-file secret.txt'},
    {does: 'Tokens alone', line: 'roles webhook team builder --remove-secret'},
  ],
  hasDryRun: true,
  args: {cluster: required('name or id of the cluster'), role: required('name or id of the role')},
  flags: {
    'new-secret': boolean({description: 'make a secret to sign with, and print it', exclusive: ['secret-file', 'remove-secret']}),
    'secret-file': string({
      description: 'take it (whsec_…) from a file, or from stdin with -',
      helpValue: 'FILE',
      exclusive: ['remove-secret'],
    }),
    keep: duration('keep', 0)({description: 'how long the secret before counts too (default 1d)'}),
    'remove-secret': boolean({description: 'take no signatures any more'}),
  },
  async run(context, {args, flags}) {
    const file = flags['secret-file'];
    const isNew = flags['new-secret'] || file !== undefined;
    if (flags.keep !== undefined && !isNew)
      throw new BoxyardError('INVALID_INPUT', {field: '--keep', issue: 'goes with --new-secret or --secret-file'});
    const secretOfFile = file === undefined ? {} : {secret: await readSecret(context, file, '--secret-file')};
    const {client} = await context.connect();
    const show = (hook: RoleWebhookView & {readonly secret?: string}) => {
      const shown = {url: `${client.server}${hook.path}`, ...hook};
      return context.print.item(shown, {name: each => each.secret ?? each.url, text: roleWebhookText});
    };
    if (!isNew) {
      if (flags['remove-secret']) await client.rolesWebhookUnsign(args);
      return show(await client.rolesWebhook(args));
    }
    const body = {...secretOfFile, ...(flags.keep === undefined ? {} : {keepMs: flags.keep})};
    const hook = await client.rolesWebhookRotate({...args, body});
    await show(hook);
    if (context.print.format === 'table')
      context.say('The secret is shown this once. GitHub takes it as it is, with the content type application/json.');
  },
});
