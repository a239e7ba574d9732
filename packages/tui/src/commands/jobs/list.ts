import {string} from '@oclif/core/flags';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {defineList} from '../../cli/define-list.ts';
import {choice, whole} from '../../cli/flags.ts';
import {jobList} from '../../output/views/jobs.ts';

const kinds = [
  'run',
  'exec',
  'display',
  ...['create', 'start', 'stop', 'remove', 'snapshot'].map(change => `devbox.${change}`),
  ...['pull', 'build', 'remove'].map(change => `image.${change}`),
];

export default defineList({
  summary: 'List jobs, newest first',
  description: 'Everything that was accepted is a job: every run and exec, every change of a DevBox or an image.',
  examples: [
    {does: 'The last hundred', line: 'jobs list'},
    {does: 'What failed on one worker, as JSON', line: 'jobs list --outcome failed --worker nas --output json'},
    {does: 'What runs, as it goes', line: 'jobs list --state running --watch'},
    {does: 'What took longest', line: 'jobs list --sort -took --columns id,took,what'},
    {does: 'Everything that changes, for a program', line: 'jobs list --watch | jq -r .id'},
    {does: 'The children of a job', line: 'jobs list --children j-abc'},
  ],
  flags: {
    state: choice('state', ['queued', 'sent', 'running', 'ended'])({description: 'only jobs in this state'}),
    outcome: choice('outcome', ['succeeded', 'failed', 'cancelled', 'lost'])({description: 'only jobs that ended so'}),
    kind: choice('kind', kinds)({description: 'only jobs of this kind'}),
    devbox: string({description: 'only jobs of this DevBox'}),
    worker: string({description: 'only jobs of this worker'}),
    children: string({description: 'only children of this job', helpValue: 'JOB'}),
    role: string({description: 'only runs of this role', helpValue: 'CLUSTER/ROLE'}),
    limit: whole('limit', {min: 1, max: 1000})({description: 'how many at most', default: 100}),
    cursor: string({description: 'go on where an earlier list ended'}),
  },
  view: jobList,
  async load(client, {flags}) {
    const {state, outcome, kind, devbox, worker, children: parent, limit, cursor} = flags;
    const role = flags.role === undefined ? undefined : await roleId(client, flags.role);
    const query = {kind, devbox, worker, parent, role, limit, cursor, state: state as 'queued', outcome: outcome as 'failed'};
    return client.jobsList({query});
  },
});

async function roleId(client: Client, text: string): Promise<string> {
  const [cluster = '', role = ''] = text.split('/');
  if (role === '') throw new BoxyardError('INVALID_INPUT', {field: '--role', issue: `expected CLUSTER/ROLE, got ${text}`});
  return (await client.rolesShow({cluster, role})).id;
}
