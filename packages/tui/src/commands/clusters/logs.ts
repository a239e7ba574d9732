import {createWriteStream} from 'node:fs';
import {mkdir, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {Args} from '@oclif/core';
import {string} from '@oclif/core/flags';
import type {RunRecordView, RunView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from '../../cli/context.ts';
import {defineCommand} from '../../cli/define-command.ts';
import {choice, required, whole} from '../../cli/flags.ts';
import {jobOutput} from '../../cli/job-output.ts';
import {countOf} from '../../output/amounts.ts';
import {recordText, runList} from '../../output/views/runs.ts';
import {withSuggestion} from '../../services/named-object.ts';

/** What is kept of each job of a run, by the names under which it is shown and saved. */
const texts: Readonly<Record<string, (record: RunRecordView) => string>> = {
  'system-prompt.md': record => record.systemPrompt,
  'user-prompt.md': record => record.userPrompt,
  'meta.json': record => `${JSON.stringify(record.meta, undefined, 2)}\n`,
  'trigger.json': record => `${JSON.stringify(record.trigger, undefined, 2)}\n`,
};
const streams = {'stdout.txt': 'stdout', 'stderr.txt': 'stderr'} as const;
const names = [...Object.keys(texts), ...Object.keys(streams)];

export default defineCommand({
  summary: 'Show the runs of a cluster, and what is kept of one',
  description:
    'Without RUN its runs, or those of ROLE, newest first. With RUN what each of its jobs was told, what started it, how it went and what it wrote; --file shows one of these alone, --save writes all of them into a directory, one for each job. They are kept as long as the job is.',
  examples: [
    {does: 'Its runs', line: 'clusters logs team'},
    {does: 'Those of a role', line: 'clusters logs team builder'},
    {does: 'One run', line: 'clusters logs team builder j-abc'},
    {does: 'What it was told', line: 'clusters logs team builder j-abc --file user-prompt.md'},
    {does: 'All of it as files', line: 'clusters logs team builder j-abc --save ./logs'},
  ],
  args: {
    cluster: required('name or id of the cluster'),
    role: Args.string({description: 'name or id of the role'}),
    run: Args.string({description: 'id of the run, or of a job of it'}),
  },
  flags: {
    file: choice('file', names)({description: 'only this'}),
    save: string({description: 'write everything into this directory', helpValue: 'DIR', exclusive: ['file']}),
    limit: whole('limit', {min: 1, max: 200})({description: 'so many runs at most'}),
  },
  async run(context, {args: {cluster, role, run}, flags}) {
    const {client} = await context.connect();
    if (run === undefined) {
      if (flags.file !== undefined || flags.save !== undefined)
        throw new BoxyardError('INVALID_INPUT', {field: flags.file === undefined ? '--save' : '--file', issue: 'goes with a run'});
      const query = {...(role === undefined ? {} : {role}), ...(flags.limit === undefined ? {} : {limit: flags.limit})};
      const page = await withSuggestion(
        cluster,
        'cluster',
        () => client.clustersRuns({cluster, query}),
        () => client.clustersList(),
      );
      return context.print.list(page, runList);
    }
    const found = await client.clustersRun({cluster, run});
    checkRole(found, role, run);
    if (flags.save !== undefined) return save(context, client, found.records, flags.save);
    if (flags.file !== undefined) return showFile(context, client, found.records, flags.file);
    if (context.print.format !== 'table') return context.print.item(found, {name: ({run: {id}}) => id, text: () => ''});
    for (const record of found.records) {
      await context.print.item(record, {name: ({job}) => job, text: recordText});
      await showOutput(context, client, record.job, Object.values(streams));
    }
    return undefined;
  },
});

function checkRole({run: {origin}}: RunView, role: string | undefined, run: string): void {
  if (role === undefined || origin?.role.name === role || origin?.role.id === role) return;
  throw new BoxyardError('NOT_FOUND', {what: `run of role ${role}`, name: run, hint: `It is one of ${origin?.role.name}.`});
}

async function showFile(context: Context, client: Client, records: readonly RunRecordView[], file: string): Promise<void> {
  for (const record of records) {
    const text = texts[file]?.(record);
    if (text === undefined) await showOutput(context, client, record.job, [streams[file as keyof typeof streams]]);
    else await context.print.value(text, text.endsWith('\n') ? text.slice(0, -1) : text);
  }
}

async function showOutput(context: Context, client: Client, job: string, which: readonly ('stdout' | 'stderr')[]): Promise<void> {
  const output = jobOutput(context);
  for (const stream of which) for await (const chunk of client.jobsLogs({job, query: {stream}})) await output.bytes(stream, chunk);
  await output.end();
}

async function save(context: Context, client: Client, records: readonly RunRecordView[], dir: string): Promise<void> {
  for (const record of records) {
    const own = resolve(context.program.cwd, dir, record.job);
    await mkdir(own, {recursive: true});
    for (const [name, textOf] of Object.entries(texts)) await writeFile(join(own, name), textOf(record));
    for (const [name, stream] of Object.entries(streams))
      await pipeline(client.jobsLogs({job: record.job, query: {stream}}), createWriteStream(join(own, name)));
  }
  context.say(`Saved ${countOf(records.length, 'job')} to ${dir}.`);
}
