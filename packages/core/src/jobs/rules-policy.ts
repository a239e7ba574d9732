import type {z} from 'zod';
import type {Access, RunRequest} from '../api/index.ts';
import type {Timing} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {JobSpec, Needs, Profile, Restriction} from '../protocol/index.ts';
import {checkEnv, checkLabels, checkSecretTarget} from '../security/names.ts';
import {type TenantPolicy, mergeProfile, profiles} from '../security/rules.ts';

/** What the server knows when it fills a request's gaps: values only, so that the filling is pure. */
export interface SpecContext {
  readonly policy: TenantPolicy;
  readonly access: z.infer<typeof Access>;
  readonly timing: Pick<Timing, 'runTimeout' | 'setup' | 'pull'>;
  /** Names of the tenant's registered workers, and those with a container engine. */
  readonly workers: readonly {
    readonly id: string;
    readonly name: string;
    readonly hasContainers: boolean;
    readonly hasProcess: boolean;
    /** Its engines that run what is on the machine. */
    readonly imageless?: readonly string[];
  }[];
  /** Those that joined and have not connected yet: a job may be for one by name, and waits. */
  readonly joined: readonly {readonly id: string; readonly name: string}[];
  readonly isLocalImage: (full: string) => boolean;
}

/** The part of a request about treatment, common to runs and DevBoxes. */
export type PolicyRequest = Pick<
  RunRequest,
  | 'name'
  | 'labels'
  | 'engine'
  | 'worker'
  | 'platform'
  | 'workerLabels'
  | 'profile'
  | 'secrets'
  | 'secretEnv'
  | 'memoryBytes'
  | 'timeoutMs'
  | 'queueTimeoutMs'
  | 'graceMs'
  | 'retries'
  | 'priority'
  | 'ifLost'
  | 'idempotent'
>;

export interface Isolation {
  readonly engine: string | undefined;
  readonly profile: Profile;
}

/** Which profile, and whether it runs on the machine itself: named by somebody who may, or because nothing else is there (R8). */
export function isolationOf(
  request: {engine?: string | undefined; profile?: Profile | undefined; image?: string | undefined; worker?: string | undefined},
  context: SpecContext,
): Isolation {
  const mayHost = context.access === 'owner' || context.access === 'admin';
  if (request.engine === 'process') {
    if (!mayHost) throw new BoxyardError('ENGINE_FORBIDDEN');
    if (request.image !== undefined)
      throw new BoxyardError('INVALID_INPUT', {
        field: 'image',
        issue: 'the engine process has no images',
        hint: 'Leave out --image or --engine.',
      });
    return {engine: 'process', profile: mergeProfile(context.policy, 'open')};
  }
  // What a machine has that never connected is not known yet.
  if (isJoined(request.worker, context)) return {engine: request.engine, profile: mergeProfile(context.policy, request.profile)};
  const isNothingNamed = request.engine === undefined && request.profile === undefined && request.image === undefined;
  const hasContainers = context.workers.some(worker => worker.hasContainers);
  const isOpen = context.policy.minimumProfile === 'open';
  if (isNothingNamed && !hasContainers && isOpen && mayHost && context.workers.some(worker => worker.hasProcess))
    return {engine: 'process', profile: 'open'};
  if (request.engine === undefined && !hasContainers && context.workers.length > 0)
    throw new BoxyardError('NO_CONTAINER_ENGINE', {workers: context.workers.map(worker => worker.name).join(', ')});
  return {engine: request.engine, profile: mergeProfile(context.policy, request.profile)};
}

/** An engine of a stranger may have none, as `process`; where nobody knows the engine it is taken to have them. */
export const hasImages = (engine: string | undefined, {workers}: SpecContext): boolean =>
  engine !== 'process' && !workers.some(({imageless}) => engine !== undefined && imageless?.includes(engine));

const isJoined = (worker: string | undefined, {joined}: SpecContext): boolean =>
  joined.some(each => each.id === worker || each.name === worker);

function knownLabels({workerLabels = {}}: PolicyRequest) {
  checkLabels(workerLabels, 'workerLabels');
  return {...workerLabels};
}

/** What the kind of job asks where the request says nothing. */
export interface Ask {
  readonly slots: 0 | 1;
  readonly memoryBytes: number;
  readonly features: readonly string[];
}

export function needsOf(request: PolicyRequest, isolation: Isolation, ask: Ask, context: SpecContext): Needs {
  const worker = request.worker === undefined ? undefined : workerId(request.worker, context);
  const memoryBytes = request.memoryBytes ?? ask.memoryBytes;
  const ceiling = profiles[isolation.profile].memoryBytes;
  if (ceiling !== undefined && memoryBytes > ceiling)
    throw new BoxyardError('INVALID_INPUT', {
      field: 'memoryBytes',
      issue: `the profile ${isolation.profile} allows ${ceiling / 1024 ** 3} GiB`,
      hint: 'Ask for less, or --profile open.',
    });
  const enforces: readonly Restriction[] = profiles[isolation.profile].enforces;
  return {
    ...(isolation.engine === undefined ? {} : {engine: isolation.engine}),
    ...(worker === undefined ? {} : {worker}),
    ...(request.platform === undefined ? {} : {platform: request.platform}),
    features: [...ask.features],
    enforces: [...enforces],
    labels: knownLabels(request),
    memoryBytes,
    slots: ask.slots,
    profile: isolation.profile,
  };
}

export function workerId(name: string, context: SpecContext): string {
  const found = [...context.workers, ...context.joined].find(worker => worker.id === name || worker.name === name);
  if (found === undefined) throw new BoxyardError('NOT_FOUND', {what: 'worker', name, list: 'boxyard workers list'});
  return found.id;
}

/** The fields every kind of spec has, each default filled in. */
export function policyOf(
  request: PolicyRequest,
  needs: Needs,
  isolation: Isolation,
  defaults: {timeoutMs?: number; ifLost: 'fail' | 'wait'},
) {
  checkLabels(request.labels ?? {});
  const own = Object.keys(request.secretEnv ?? {}).map(name => ({secret: name, as: name, kind: 'env' as const}));
  checkEnv(request.secretEnv ?? {}, 'secretEnv');
  const secrets = [...(request.secrets ?? []), ...own];
  for (const secret of secrets) checkSecretTarget(secret.as, secret.kind);
  if (request.ifLost === 'retry' && request.idempotent !== true)
    throw new BoxyardError('INVALID_INPUT', {
      field: 'ifLost',
      issue: 'retry needs idempotent',
      hint: 'Add --idempotent if it may run twice.',
    });
  const timeoutMs = request.timeoutMs ?? defaults.timeoutMs;
  return {
    ...(request.name === undefined ? {} : {name: request.name}),
    labels: request.labels ?? {},
    needs,
    profile: isolation.profile,
    secrets,
    ...(timeoutMs === undefined ? {} : {timeoutMs}),
    ...(request.queueTimeoutMs === undefined ? {} : {queueTimeoutMs: request.queueTimeoutMs}),
    graceMs: request.graceMs ?? 10_000,
    retries: request.retries ?? 0,
    priority: request.priority ?? 0,
    ifLost: request.ifLost ?? defaults.ifLost,
    idempotent: request.idempotent ?? false,
  } satisfies Partial<JobSpec>;
}
