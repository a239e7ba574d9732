import {string} from '@oclif/core/flags';
import type {BodyIn} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {optional, repeated} from '../../cli/flags.ts';
import {readSecret} from '../../cli/read-secret.ts';
import {webhookText} from '../../output/views/webhooks.ts';
import {webhookConfig, webhookName} from '../../services/webhook-request.ts';

export default defineCommand({
  summary: 'Tell somebody outside about events',
  description:
    'Posts every event to an https address, signed by the Standard Webhooks; the secret is shown once. Events of a family are meant by job.*, all by *. With --reporter another plugin is told: log writes JSON lines on the server.',
  examples: [
    {does: 'What becomes of jobs', line: "webhooks add https://hooks.example.com/boxyard --event 'job.*'"},
    {does: 'Ends alone, under a name', line: 'webhooks add https://hooks.example.com/ends --name ends --event job.ended'},
    {does: 'Into a file on the server', line: 'webhooks add --reporter log --name audit'},
    {does: 'What would be sent', line: 'webhooks add https://hooks.example.com/boxyard --dry-run'},
  ],
  hasDryRun: true,
  args: {url: optional('where to post; https, unless the owner of the server allowed more')},
  flags: {
    name: string({description: 'its name (default: made of the host)'}),
    event: repeated({char: 'e', description: 'a type of event, or a family: job.*; may be repeated (default all)', helpValue: 'TYPE'}),
    reporter: string({description: 'the plugin that tells it (default webhook)', helpValue: 'NAME'}),
    config: repeated({description: 'what another plugin than webhook is given; may be repeated', helpValue: 'KEY=VALUE'}),
    'secret-file': string({description: 'take the secret (whsec_…) from a file, or from stdin with -', helpValue: 'FILE'}),
  },
  async run(context, {args: {url}, flags}) {
    const name = flags.name ?? webhookName(url, flags.reporter);
    if (name === undefined) throw new BoxyardError('INVALID_INPUT', {field: 'URL', issue: 'is missing'});
    const secretFile = flags['secret-file'];
    const body: BodyIn<'webhooksCreate'> = {
      name,
      ...(url === undefined ? {} : {url}),
      ...(flags.reporter === undefined ? {} : {reporter: flags.reporter}),
      ...(flags.event === undefined ? {} : {events: flags.event}),
      ...(flags.config === undefined ? {} : {config: webhookConfig(flags.config)}),
      ...(secretFile === undefined ? {} : {secret: await readSecret(context, secretFile, '--secret-file')}),
    };
    const {client} = await context.connect();
    const made = await client.webhooksCreate({body});
    if (context.print.format !== 'table' || context.flags.quiet)
      return context.print.item(made, {name: hook => hook.secret ?? hook.name, text: webhookText});
    context.say(`Webhook ${made.name} is told about ${made.events.join(', ')} from now on. Try it: boxyard webhooks test ${made.name}`);
    if (made.secret === undefined) return;
    context.say('The receiver checks signatures with this, shown this once:');
    await context.print.value(made.secret, made.secret);
  },
});
