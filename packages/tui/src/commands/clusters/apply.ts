import {dirname, isAbsolute, join} from 'node:path';
import {boolean, string} from '@oclif/core/flags';
import type {RoleDocument} from '@boxyard/core/api';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {readAll} from '../../cli/read-all.ts';
import {changesText} from '../../output/views/clusters.ts';
import {readClusterFile} from '../../services/cluster-file.ts';
import {withBuilds} from '../../services/role-builds.ts';

export default defineCommand({
  summary: 'Make a cluster what a file says',
  description:
    'Makes the cluster of that name, or changes it until it is as the file says: roles that the file leaves out are removed, and their runs cancelled. Applying the same file again changes nothing. Times are written as 90s, 10m, 2h, sizes as 512m, 2g.',
  examples: [
    {does: 'From a file', line: 'clusters apply -f team.yaml'},
    {does: 'What it would change', line: 'clusters apply -f team.yaml --dry-run'},
    {does: 'From a program', line: 'clusters apply -f - < team.json'},
  ],
  flags: {
    file: string({char: 'f', required: true, description: 'YAML or JSON; - reads stdin', helpValue: 'FILE'}),
    'dry-run': boolean({description: 'show what would change, and change nothing'}),
  },
  async run(context, {flags}) {
    const {cwd, stdin} = context.program;
    const named = flags.file === '-' ? 'stdin' : isAbsolute(flags.file) ? flags.file : join(cwd, flags.file);
    const document = await readClusterFile(named, flags.file === '-' ? await readAll(stdin) : undefined);
    const {client} = await context.connect();
    const base = flags.file === '-' ? cwd : dirname(named);
    const ask = (roles: RoleDocument[]) =>
      client.clustersApply({body: {document: {...document, roles}, ...(flags['dry-run'] ? {dryRun: true} : {})}});
    // What is no list is the server's to refuse.
    const asked = Array.isArray(document.roles) ? withBuilds({client, base}, document.roles, ask) : ask(document.roles);
    const answer = await asked.catch((error: unknown) => {
      throw inFile(error, flags.file);
    });
    await context.print.item(answer, {name: () => document.name, text: ({changes}) => changesText(changes)});
    if (context.print.format !== 'table') return;
    const count = answer.changes.length === 1 ? '1 change' : `${answer.changes.length} changes`;
    if (answer.changes.length === 0) context.say(`${document.name} is as the file says.`);
    else context.say(flags['dry-run'] ? `${count}; nothing was changed.` : `${document.name}: ${count}.`);
  },
});

/** What the server says of the document, said of the file. */
function inFile(error: unknown, file: string): unknown {
  if (!isBoxyardError(error) || error.code !== 'INVALID_INPUT' || !/^(?:document\.|roles)/.test(error.message)) return error;
  const issue = error.message.replace(/^document\./, '').replace(/\.$/, '');
  return new BoxyardError('CONFIG_INVALID', {file, issue, hint: ''}, {cause: error});
}
