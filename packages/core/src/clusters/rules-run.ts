import type {RoleDocument, RunRequest, RunRoleRequest} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {FolderPlan} from '../services.ts';
import type {FanOut} from '../protocol/index.ts';
import {fullImageName} from '../images/rules.ts';
import {sharedPath} from '../folders/rules-places.ts';
import {checkBuildFile} from '../jobs/rules-spec-build.ts';
import {expandPrompt, unsafeName} from '../jobs/rules-template.ts';
import {checkFanOut} from '../jobs/rules-children.ts';
import {checkCommand, checkEnv, checkLabels, checkSecretTarget} from '../security/names.ts';

const units: Readonly<Record<string, number>> = {ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000};
const sizes: Readonly<Record<string, number>> = {'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4};

/** `10m` in milliseconds; the document's schema has seen to its form. */
const msOf = (text: string, field: string): number => {
  const [, number, unit = ''] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  return positive(Math.round(Number(number) * (units[unit] ?? Number.NaN)), field);
};
const bytesOf = (text: string, field: string): number => {
  const [, number, unit = ''] = /^([\d.]+)([a-z]?)$/.exec(text.toLowerCase()) ?? [];
  return positive(Math.round(Number(number) * (sizes[unit] ?? Number.NaN)), field);
};

function positive(value: number, field: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new BoxyardError('INVALID_INPUT', {field, issue: 'is too small or too large'});
}

const DEFAULT_PROMPT = 'Execute your role.';

/** The request that a run of the role is. Pure; throws where the role can never run. */
export function runRequest(role: RoleDocument): RunRequest {
  const at = (field: string) => `roles.${role.name}.${field}`;
  const fanOut = fanOutOf(role);
  if (fanOut !== undefined) checkFanOut(fanOut, undefined, `roles.${role.name}`);
  const {name, engine, image, build, command, cwd, user, profile, network, worker, platform, retries, priority, ifLost, idempotent} = role;
  return given({
    name,
    engine,
    image,
    build,
    command,
    cwd,
    user,
    profile,
    network,
    worker,
    platform,
    retries,
    priority,
    ifLost,
    idempotent,
    fanOut,
    env: role.env,
    secrets: role.secrets && Object.entries(role.secrets).map(([as, secret]) => ({secret, as, kind: 'env' as const})),
    workerLabels: role.labels,
    memoryBytes: role.memory && bytesOf(role.memory, at('memory')),
    limits: given({memoryBytes: role.memory && bytesOf(role.memory, at('memory')), cpus: role.cpus}),
    timeoutMs: role.timeout && msOf(role.timeout, at('timeout')),
    queueTimeoutMs: role.queueTimeout && msOf(role.queueTimeout, at('queueTimeout')),
    graceMs: role.grace && msOf(role.grace, at('grace')),
  }) as RunRequest;
}

/** What a trigger hands in: the body of a webhook, or the files that changed; JSON. */
export interface RunExtras {
  readonly payload?: string;
  readonly files?: string;
}

/** What the jobs of the role see of the cluster's folders; undefined where neither has any. */
export function folderPlan(role: RoleDocument, shared: readonly string[] | undefined): FolderPlan | undefined {
  const {folders = [], keepPrivate, mirror} = role;
  if ((shared ?? []).length === 0 && folders.length === 0 && keepPrivate === undefined) return undefined;
  return {
    shared: shared ?? [],
    role: folders,
    ...(keepPrivate === undefined ? {} : {keepPrivateMs: msOf(keepPrivate, `roles.${role.name}.keepPrivate`)}),
    ...(mirror === true ? {mirror} : {}),
  };
}

/** What a run's jobs are told beside their command. */
export function runEnv(
  role: RoleDocument,
  {prompt, inputs = {}, payload, files}: RunRoleRequest & RunExtras,
  cluster: {readonly prompt?: string | undefined; readonly folders?: readonly string[] | undefined},
): {readonly env: Record<string, string>; readonly templates: string[]} {
  const own = {
    ...(payload === undefined ? {} : {BOXYARD_WEBHOOK_PAYLOAD: payload}),
    ...(files === undefined ? {} : {BOXYARD_CHANGED_FILES: files}),
  };
  const env: Record<string, string> = {...promptEnv(role, prompt, cluster.prompt), ...inputEnv(inputs), ...own};
  const values = {...longest, folders: (cluster.folders ?? []).map(sharedPath), payload: payload ?? files};
  const templates = ['BOXYARD_SYSTEM_PROMPT', ...(prompt === undefined ? ['BOXYARD_PROMPT'] : [])].filter(name =>
    env[name]?.includes('{{'),
  );
  const expanded = {...env, ...Object.fromEntries(templates.map(name => [name, expandPrompt(env[name]!, values)]))};
  const bytes = Object.entries(expanded).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  const field = largestOf(payload ?? files, inputs, bytes);
  if (Object.values(env).some(value => value.includes('\0')))
    throw new BoxyardError('INVALID_INPUT', {field, issue: 'holds a NUL character'});
  if (bytes > MOST_ENV_BYTES)
    throw new BoxyardError('INVALID_INPUT', {
      field,
      issue: `prompts, inputs and payload are ${bytes} bytes; at most ${MOST_ENV_BYTES} fit into an environment`,
    });
  const children = (role.copies ?? 1) * Object.values(role.matrix ?? {}).reduce((count, values) => count * values.length, 1);
  if (bytes * children > MOST_BYTES_IN_ALL)
    throw new BoxyardError('INVALID_INPUT', {
      field,
      issue: `prompts, inputs and payload of ${bytes} bytes are too much for ${children} children`,
    });
  return {env, templates};
}

/** What there is too much of; a payload that a template puts in counts twice. */
function largestOf(payload: string | undefined, inputs: object, bytes: number): 'payload' | 'inputs' | 'prompt' {
  if (payload !== undefined && Buffer.byteLength(payload) * 3 > bytes) return 'payload';
  return Object.keys(inputs).length > 0 ? 'inputs' : 'prompt';
}

/** As long as the values of templates get, but for a payload. */
const longest = {role: 'x'.repeat(63), job: 'x'.repeat(28), at: 'x'.repeat(24), workspace: '/workspace'};

/** What a Linux kernel takes of one variable. */
const MOST_ENV_BYTES = 128 * 1024;
/** Every child keeps its own in its record, which is in memory. */
const MOST_BYTES_IN_ALL = 64 * 1024 * 1024;

/** Refuses what a run of the role would be refused for, whoever runs it and whatever workers there are then. */
export function checkRole(role: RoleDocument): void {
  const request = runRequest(role);
  const {command, cwd, image, env = {}, secrets = [], workerLabels = {}} = request;
  checkImage(role);
  if (command === undefined && image === undefined && role.build === undefined)
    throw new BoxyardError('INVALID_INPUT', {field: `roles.${role.name}.command`, issue: 'a command is needed, or an image that has one'});
  if (command !== undefined) checkCommand(command, cwd);
  checkWords(role.name, 'command', command);
  checkWords(role.name, 'gather', role.gather);
  if (image !== undefined) fullImageName(image);
  checkEnv(env, `roles.${role.name}.env`);
  checkLabels(workerLabels, `roles.${role.name}.labels`);
  for (const secret of secrets) checkSecretTarget(secret.as, secret.kind);
}

function checkImage({name, engine, image, build}: RoleDocument): void {
  const field = `roles.${name}.${build === undefined ? 'image' : 'build'}`;
  if (build !== undefined && image !== undefined)
    throw new BoxyardError('INVALID_INPUT', {field, issue: 'does not go together with image'});
  if (engine === 'process' && (build ?? image) !== undefined)
    throw new BoxyardError('INVALID_INPUT', {field, issue: 'the engine process has no images'});
  if (build?.file !== undefined) checkBuildFile(build.file, `${field}.file`);
}

/** What may hold anything, quotes and newlines too, must not become a part of what a shell reads. */
function checkWords(role: string, field: string, words: readonly string[] | string = []): void {
  const unsafe = Array.isArray(words) ? words.map(unsafeName).find(name => name !== undefined) : undefined;
  if (unsafe === undefined) return;
  throw new BoxyardError('INVALID_INPUT', {
    field: `roles.${role}.${field}`,
    issue: `{{${unsafe}}} may hold anything, so it is not put into commands`,
    hint: 'Use it in a prompt; a payload is in the variable BOXYARD_WEBHOOK_PAYLOAD.',
  });
}

/** The system prompt is the cluster's and, under a heading with the role's name, its instructions. */
function promptEnv(role: RoleDocument, prompt: string | undefined, clusterPrompt: string | undefined): Record<string, string> {
  const parts = [clusterPrompt, role.instructions === undefined ? undefined : `## Your Role: ${role.name}\n\n${role.instructions}`];
  const system = parts.filter(part => part !== undefined).join('\n\n');
  return {BOXYARD_PROMPT: prompt ?? role.prompt ?? DEFAULT_PROMPT, ...(system === '' ? {} : {BOXYARD_SYSTEM_PROMPT: system})};
}

const inputEnv = (inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`BOXYARD_INPUT_${name.toUpperCase()}`, value]));

function fanOutOf(role: RoleDocument): FanOut | undefined {
  const {copies, each, matrix, parallel, failFast, gather} = role;
  const failurePolicy = policyOf(role.failurePolicy);
  const fanOut = given({copies, each, matrix, parallel, failFast, failurePolicy, gather});
  if (copies !== undefined || each !== undefined || matrix !== undefined) return fanOut;
  if (Object.keys(fanOut).length === 0) return undefined;
  throw new BoxyardError('INVALID_INPUT', {
    field: `roles.${role.name}.${Object.keys(fanOut)[0]}`,
    issue: 'needs copies, each or matrix too',
  });
}

const policyOf = (policy: RoleDocument['failurePolicy']): FanOut['failurePolicy'] => {
  const quorum = typeof policy === 'string' ? /^quorum[= ](\d+)$/.exec(policy)?.[1] : undefined;
  return quorum === undefined ? (policy as FanOut['failurePolicy']) : {quorum: Number(quorum)};
};

const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && !isEmpty(value))) as T;

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
