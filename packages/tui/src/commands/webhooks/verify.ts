import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {buffer} from 'node:stream/consumers';
import {string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from '../../cli/context.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {duration, repeated} from '../../cli/flags.ts';
import {readSecret} from '../../cli/read-secret.ts';
import {formatSpan} from '../../output/amounts.ts';
import {parseHeaders, verifySignature} from '../../services/verify-webhook.ts';

const usualToleranceMs = 300_000;

export default defineCommand({
  summary: 'Check the signature of something received',
  description:
    'For authors of receivers; asks no server. The body, byte for byte as it came, is read from stdin or a file; the headers webhook-id, webhook-timestamp and webhook-signature from a file or flags. Says why where it does not hold, and exits with 1.',
  examples: [
    {does: 'With the headers in a file', line: 'webhooks verify --secret-file secret.txt --headers headers.txt < body.json'},
    {
      does: 'With the headers as flags',
      line: 'webhooks verify --secret-file secret.txt --header "webhook-id: e-1" --header "webhook-timestamp: 1767225600" --header "webhook-signature: v1,…" --body body.json',
    },
    {does: 'One from last week', line: 'webhooks verify --secret-file secret.txt --headers headers.txt --body body.json --tolerance 7d'},
  ],
  flags: {
    'secret-file': string({description: 'file with the secret, whsec_… (also BOXYARD_WEBHOOK_SECRET)', helpValue: 'FILE'}),
    headers: string({description: 'file with the headers, one a line, NAME: VALUE', helpValue: 'FILE'}),
    header: repeated({description: 'one header; may be repeated', helpValue: 'NAME: VALUE'}),
    body: string({description: 'file with the body (default: stdin)', helpValue: 'FILE'}),
    tolerance: duration('tolerance')({description: 'how old, or how far ahead, it may be (default 5m)'}),
  },
  async run(context, {flags}) {
    const secretFile = flags['secret-file'];
    const given =
      secretFile === undefined ? context.program.env['BOXYARD_WEBHOOK_SECRET'] : await readSecret(context, secretFile, '--secret-file');
    if (given === undefined || given === '') throw new BoxyardError('INVALID_INPUT', {field: '--secret-file', issue: 'is missing'});
    const text = flags.headers === undefined ? '' : (await readInput(context, flags.headers, '--headers')).toString('utf8');
    const headers = parseHeaders([...text.split(/\r?\n/), ...(flags.header ?? [])]);
    const isTaken = [secretFile, flags.headers].includes('-');
    if (isTaken && (flags.body ?? '-') === '-')
      throw new BoxyardError('INVALID_INPUT', {field: '--body', issue: 'stdin is read for something else'});
    const body = await readInput(context, flags.body ?? '-', '--body');
    const toleranceMs = flags.tolerance ?? usualToleranceMs;
    const verdict = verifySignature({headers, body, secret: given}, {now: context.program.now(), toleranceMs});
    if (!verdict.isValid) throw new BoxyardError('SIGNATURE_INVALID', {why: verdict.why, hint: verdict.hint});
    const {id, ageMs} = verdict;
    await context.print.item(
      {valid: true, id, ageMs},
      {name: each => each.id, text: () => `Valid: ${id}, signed ${formatSpan(Math.abs(ageMs))} ${ageMs < 0 ? 'ahead' : 'ago'}.`},
    );
  },
});

async function readInput({program}: Context, file: string, field: string): Promise<Buffer> {
  if (file === '-') {
    if (program.stdin.isTTY === true) throw new BoxyardError('INVALID_INPUT', {field, issue: 'is expected on stdin, or name a file'});
    return buffer(program.stdin);
  }
  return readFile(resolve(program.cwd, file)).catch((cause: unknown) => {
    throw new BoxyardError('INVALID_INPUT', {field, issue: `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`}, {cause});
  });
}
