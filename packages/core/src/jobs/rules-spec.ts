import type {CreateDevBoxRequest, PullRequest, RunRequest} from '../api/index.ts';
import type {z} from 'zod';
import {BoxyardError} from '../errors/index.ts';
import {fullImageName} from '../images/rules.ts';
import type {Box, JobSpec, Source} from '../protocol/index.ts';
import {checkCommand, checkDirectory, checkEnv, checkUser} from '../security/names.ts';
import {parseRepoUrl} from '../security/repo-url.ts';
import {profiles} from '../security/rules.ts';
import {checkFanOut} from './rules-children.ts';
import {ttyFor} from './rules-tty.ts';
import {type Isolation, type SpecContext, hasImages, isolationOf, needsOf, policyOf, workerId} from './rules-policy.ts';

const mib = 1024 ** 2;
const runMemory = 512 * mib;
const devboxMemory = 2048 * mib;
const defaultImage = 'docker.io/library/debian:12';

type Run = Extract<JobSpec, {kind: 'run'}>;
type Create = Extract<JobSpec, {kind: 'devbox.create'}>;

/** The whole spec of a run, with every default filled in. Rejects what can never run. */
export function runSpec(request: RunRequest, context: SpecContext, hasFolders = false): Run {
  const isolation = isolationOf(request, context);
  const source = checkSource(request.source);
  if (request.command === undefined && (source?.kind === 'repo' || !hasImages(isolation.engine, context) || request.image === undefined))
    throw new BoxyardError('INVALID_INPUT', {field: 'command', issue: 'a command is needed', hint: 'boxyard run -- COMMAND'});
  if (request.command !== undefined) checkCommand(request.command, request.cwd);
  if (source?.kind === 'repo' && request.stdin === true)
    throw new BoxyardError('INVALID_INPUT', {field: 'stdin', issue: 'a run of a repository takes no input'});
  const hasFiles = source?.kind === 'dir' || (request.out ?? []).length > 0 || hasFolders;
  const features = [
    ...(source?.kind === 'repo' || (hasFiles && profiles[isolation.profile].readOnlyRoot) ? ['exec'] : []),
    ...(hasFiles ? ['files'] : []),
    ...(request.tty === undefined ? [] : ['terminal']),
  ];
  const needs = needsOf(request, isolation, {slots: 1, memoryBytes: runMemory, features}, context);
  return {
    kind: 'run',
    ...policyOf(request, needs, isolation, {timeoutMs: context.timing.runTimeout, ifLost: 'fail'}),
    box: {
      ...boxOf(request, isolation, context),
      ...(request.command === undefined ? {} : {main: [...request.command]}),
      stdin: request.stdin ?? false,
    },
    ...(source === undefined ? {} : {source}),
    out: checkOut(request.out ?? []),
    ...ttyFor(request),
    ...(request.report === true ? {report: true} : {}),
    ...(request.fanOut === undefined ? {} : {fanOut: checkedFanOut(request.fanOut)}),
  };
}

function checkedFanOut(fanOut: NonNullable<Run['fanOut']>): NonNullable<Run['fanOut']> {
  checkFanOut(fanOut);
  return fanOut;
}

/** Paths inside /workspace, as a person would write them there. */
function checkOut(paths: readonly string[]): string[] {
  for (const path of paths)
    if (path === '' || path.startsWith('/') || path.includes('\0') || path.split('/').includes('..'))
      throw new BoxyardError('INVALID_INPUT', {field: 'out', issue: `not a path inside /workspace: ${JSON.stringify(path.slice(0, 100))}`});
  return [...paths];
}

export function devboxSpec(request: CreateDevBoxRequest, devbox: string, context: SpecContext): Create {
  const isolation = isolationOf(request, context);
  const source = checkSource(request.source);
  const features = ['exec', ...(source?.kind === 'dir' ? ['files'] : [])];
  const needs = needsOf(request, isolation, {slots: 0, memoryBytes: devboxMemory, features}, context);
  return {
    kind: 'devbox.create',
    ...policyOf(request, needs, isolation, {ifLost: 'wait'}),
    devbox,
    generation: 1,
    devboxName: request.name,
    box: {...boxOf(request, isolation, context), main: 'hold'},
    ...(source === undefined ? {} : {source}),
    setup: request.setup ?? [],
    ...(request.task === undefined ? {} : {task: request.task}),
  };
}

/** Where a box's commands start, whatever its image says; engines make it. */
const workspace = '/workspace';

type BoxRequest = Pick<RunRequest, 'image' | 'env' | 'cwd' | 'user' | 'limits' | 'network'>;

/** The engine's part: image by its full name, and the profile's row over what was asked. */
function boxOf(request: BoxRequest, isolation: Isolation, context: SpecContext): z.infer<typeof Box> {
  checkEnv(request.env ?? {});
  if (request.cwd !== undefined) checkDirectory(request.cwd);
  if (request.user !== undefined) checkUser(request.user);
  const row = profiles[isolation.profile];
  const asked = request.limits ?? {};
  const limits = {
    ...limit('memoryBytes', asked.memoryBytes, row.memoryBytes, isolation),
    ...limit('cpus', asked.cpus, row.cpus, isolation),
    ...limit('pids', asked.pids, row.pids, isolation),
  };
  const network = networkOf(request.network, isolation);
  if (!hasImages(isolation.engine, context) && request.image !== undefined)
    throw new BoxyardError('INVALID_INPUT', {
      field: 'image',
      issue: `the engine ${isolation.engine} has no images`,
      hint: 'Leave out --image or --engine.',
    });
  const image = !hasImages(isolation.engine, context) ? undefined : fullImageName(request.image ?? defaultImage, context.isLocalImage);
  return {
    ...(image === undefined ? {} : {image}),
    env: request.env ?? {},
    ...(image === undefined && request.cwd === undefined ? {} : {cwd: request.cwd ?? workspace}),
    ...(request.user === undefined ? {} : {user: request.user}),
    stdin: false,
    limits,
    mounts: row.readOnlyRoot ? tmpfs() : [],
    ...(network === undefined ? {} : {network}),
    ...(isolation.profile === 'open' ? {} : {privileges: row.privileges}),
    readOnlyRoot: row.readOnlyRoot,
  };
}

function limit(name: string, asked: number | undefined, ceiling: number | undefined, isolation: Isolation): Record<string, number> {
  if (asked !== undefined && ceiling !== undefined && asked > ceiling)
    throw new BoxyardError('INVALID_INPUT', {
      field: `limits.${name}`,
      issue: `the profile ${isolation.profile} allows at most ${ceiling}`,
      hint: 'Ask for less, or --profile open.',
    });
  const value = asked ?? ceiling;
  return value === undefined ? {} : {[name]: value};
}

/** `host` is a switch of the operator and not to be had by a request (R8). */
function networkOf(asked: 'none' | 'private' | 'host' | undefined, isolation: Isolation): 'none' | 'private' | undefined {
  if (asked === 'host')
    throw new BoxyardError('UNSUPPORTED', {what: 'network host', hint: 'Leave it out: the box gets a network of its own.'});
  const own = profiles[isolation.profile].network;
  if (own === 'none' && asked === 'private')
    throw new BoxyardError('INVALID_INPUT', {field: 'network', issue: 'the profile offline has none'});
  return asked ?? own;
}

/** /workspace stays in the box's own layer where that is writable; with a read-only root it is a tmpfs like the others. */
const tmpfs = () =>
  [
    '/tmp',
    '/var/tmp',
    '/workspace',
    '/home/developer/.cache',
    '/home/developer/.npm',
    '/home/developer/.cargo',
    '/home/developer/.local/share',
  ].map(target => ({kind: 'tmpfs' as const, target, bytes: (target === '/workspace' ? 1024 : 256) * mib, readOnly: false}));

function checkSource(source: Source | undefined): Source | undefined {
  if (source?.kind === 'repo') parseRepoUrl(source.url);
  if (source?.kind === 'repo' && source.branch !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_./-]*$/.test(source.branch))
    throw new BoxyardError('INVALID_INPUT', {field: 'source.branch', issue: 'not the name of a branch'});
  return source;
}

type ImageRequest = z.infer<typeof PullRequest> & {ref: string};

export function imagePolicy(request: ImageRequest, feature: string, timeoutMs: number, context: SpecContext) {
  const worker = request.worker === undefined ? undefined : workerId(request.worker, context);
  return {
    labels: {},
    needs: {
      ...(request.engine === undefined ? {} : {engine: request.engine}),
      ...(worker === undefined ? {} : {worker}),
      features: [feature],
      enforces: [],
      labels: {},
      memoryBytes: 0,
      slots: 0,
      profile: 'offline' as const,
    },
    profile: 'offline' as const,
    secrets: [],
    timeoutMs,
    graceMs: 10_000,
    retries: 0,
    priority: 0,
    ifLost: 'fail' as const,
    idempotent: true,
  };
}

export const pullSpec = (request: ImageRequest, context: SpecContext): JobSpec => ({
  kind: 'image.pull',
  ...imagePolicy(request, 'images', context.timing.pull, context),
  ref: fullImageName(request.ref),
});

export const removeImageSpec = (request: ImageRequest, context: SpecContext): JobSpec => ({
  kind: 'image.remove',
  ...imagePolicy(request, 'images', context.timing.pull, context),
  ref: fullImageName(request.ref, context.isLocalImage),
});
