import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';
import {text} from 'node:stream/consumers';
import type {RunRequest} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {BoxyardError} from '@boxyard/core/errors';
import {countOf, formatBytes, parsePairs} from '../output/amounts.ts';
import {parseEnvFile} from '../services/env-file.ts';
import {packDir} from '../services/pack-dir.ts';
import type {ProjectFile} from '../services/project-file.ts';
import type {Context} from './context.ts';

/** The flags of `boxFlags` as oclif parsed them. */
export interface BoxFlagValues {
  readonly image?: string | undefined;
  readonly engine?: string | undefined;
  readonly worker?: string | undefined;
  readonly label?: readonly string[] | undefined;
  readonly platform?: string | undefined;
  readonly profile?: string | undefined;
  readonly network?: string | undefined;
  readonly memory?: number | undefined;
  readonly cpus?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly 'env-file'?: readonly string[] | undefined;
  readonly secret?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly cwd?: string | undefined;
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly depth?: number | undefined;
  readonly dir?: string | undefined;
  readonly timeout?: number | undefined;
  readonly 'queue-timeout'?: number | undefined;
  readonly grace?: number | undefined;
  readonly retries?: number | undefined;
  readonly priority?: number | undefined;
  readonly 'if-lost'?: string | undefined;
  readonly idempotent?: boolean | undefined;
}

export type BoxRequest = Omit<RunRequest, 'command' | 'stdin' | 'out' | 'fanOut' | 'source' | 'name'>;

/** Flags win over `.boxyard.yaml`; nothing here reaches the server that the person did not name. */
export async function boxRequest(context: Context, flags: BoxFlagValues, project: ProjectFile | undefined): Promise<BoxRequest> {
  const workerLabels = {...project?.labels, ...parsePairs(flags.label ?? [], '--label')};
  const env = {...project?.env, ...envPairs(flags.env ?? [], context.program.env)};
  const secretEnv = await secretEnvOf(context, flags['env-file'] ?? []);
  const limits = limitsOf(flags);
  return defined({
    image: flags.image ?? (flags.engine === 'process' ? undefined : (project?.image ?? (context.setting('image') || undefined))),
    engine: flags.engine ?? project?.engine,
    worker: flags.worker,
    workerLabels: filled(workerLabels),
    platform: flags.platform,
    profile: flags.profile,
    network: flags.network,
    memoryBytes: flags.memory,
    limits: filled(limits),
    env: filled(env),
    secretEnv: filled(secretEnv),
    secrets: flags.secret?.map(secretRef),
    user: flags.user,
    cwd: flags.cwd,
    timeoutMs: flags.timeout,
    queueTimeoutMs: flags['queue-timeout'],
    graceMs: flags.grace,
    retries: flags.retries,
    priority: flags.priority,
    ifLost: flags['if-lost'],
    idempotent: flags.idempotent || undefined,
  }) as BoxRequest;
}

const defined = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const filled = <T extends object>(map: T): T | undefined => (Object.keys(map).length === 0 ? undefined : map);

function limitsOf({memory, cpus}: BoxFlagValues): {memoryBytes?: number; cpus?: number} {
  const count = cpus === undefined ? undefined : Number(cpus);
  if (count !== undefined && !(count > 0 && Number.isFinite(count)))
    throw new BoxyardError('INVALID_INPUT', {field: '--cpus', issue: `expected a number above 0, got ${cpus}`});
  return {...(memory === undefined ? {} : {memoryBytes: memory}), ...(count === undefined ? {} : {cpus: count})};
}

/** `KEY=VALUE`, or `KEY` for the value it has here. */
function envPairs(pairs: readonly string[], env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = pairs.flatMap(pair => {
    if (pair.includes('=')) return [pair];
    const value = env[pair];
    return value === undefined ? [] : [`${pair}=${value}`];
  });
  return parsePairs(given, '--env');
}

async function secretEnvOf({program}: Context, names: readonly string[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const content =
      name === '-'
        ? await text(program.stdin)
        : await readFile(resolve(program.cwd, name), 'utf8').catch((cause: unknown) => cannotRead(name, cause));
    Object.assign(values, parseEnvFile(content, name, program.env));
  }
  return values;
}

function cannotRead(file: string, cause: unknown): never {
  throw new BoxyardError(
    'INVALID_INPUT',
    {field: '--env-file', issue: `${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`},
    {cause},
  );
}

function secretRef(value: string): {secret: string; as: string; kind: 'env' | 'file'} {
  const kind = value.startsWith('file:') ? 'file' : 'env';
  const [secret, as] = Object.entries(parsePairs([kind === 'file' ? value.slice(5) : value], '--secret'))[0]!;
  return {secret, as, kind};
}

/** What goes into /workspace: uploads the directory where one was named. */
export async function sourceOf(context: Context, client: Client, flags: BoxFlagValues): Promise<RunRequest['source']> {
  if (flags.repo !== undefined)
    return defined({kind: 'repo', url: flags.repo, branch: flags.branch, depth: flags.depth}) as RunRequest['source'];
  if (flags.dir === undefined) return undefined;
  const packed = await packDir(resolve(context.program.cwd, flags.dir));
  const upload = await client.uploads(packed.stream);
  if (context.program.stderr.isTTY) context.say(`Sent ${countOf(packed.files, 'file')} (${formatBytes(upload.bytes)}).`);
  return {kind: 'dir', ...upload};
}
