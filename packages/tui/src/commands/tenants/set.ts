import {string} from '@oclif/core/flags';
import {BoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../../cli/define-command.ts';
import {choice, required, whole} from '../../cli/flags.ts';
import {tenantText} from '../../output/views/access.ts';

const profiles = ['open', 'standard', 'strict', 'offline'];
const limit = {min: -1, max: 1_000_000};

export default defineCommand({
  summary: 'Change a tenant',
  description:
    'Its plan, limits (-1 is unlimited), name and security profiles. A plan sets all limits, also those set before; limits given with it differ from it. Owners only.',
  examples: [
    {does: 'At most twenty DevBoxes', line: 'tenants set local --devboxes 20'},
    {does: 'The limits of a plan, but more DevBoxes', line: 'tenants set local --plan pro --devboxes 40'},
    {does: 'Nothing weaker than standard', line: 'tenants set local --minimum-profile standard'},
  ],
  hasDryRun: true,
  args: {tenant: required('name or id of the tenant')},
  flags: {
    name: string({description: 'its new name'}),
    plan: choice('plan', ['starter', 'pro', 'enterprise'])({description: 'all limits of this plan'}),
    workers: whole('workers', limit)({description: 'most workers'}),
    devboxes: whole('devboxes', limit)({description: 'most DevBoxes'}),
    sessions: whole('sessions', limit)({description: 'most live sessions: programs at a terminal'}),
    'folder-bytes': whole('folder-bytes', {min: -1, max: Number.MAX_SAFE_INTEGER})({
      description: 'most bytes in the folders of all clusters',
    }),
    'history-days': whole('history-days', {min: 1, max: 3650})({description: 'how long ended jobs are kept'}),
    'minimum-profile': choice('minimum-profile', profiles)({description: 'weaker profiles are refused'}),
    'default-profile': choice('default-profile', profiles)({description: 'profile where none is named'}),
  },
  async run(context, {args, flags}) {
    const {client} = await context.connect();
    const {workers, devboxes, sessions} = flags;
    const limits = given({workers, devboxes, sessions, historyDays: flags['history-days'], folderBytes: flags['folder-bytes']});
    const body = given({
      name: flags.name,
      plan: flags.plan as 'pro' | undefined,
      limits: Object.keys(limits).length === 0 ? undefined : limits,
      minimumProfile: flags['minimum-profile'] as 'open' | undefined,
      defaultProfile: flags['default-profile'] as 'open' | undefined,
    });
    if (Object.keys(body).length === 0) throw new BoxyardError('INVALID_INPUT', {field: 'what to change', issue: 'is missing'});
    await context.print.item(await client.tenantsSet({tenant: args.tenant, body}), {name: found => found.name, text: tenantText});
  },
});

const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
