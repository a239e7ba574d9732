import {createHash} from 'node:crypto';
import type {z} from 'zod';
import type {BuildOf, BuildRequest, RunRequest} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {capabilitiesLabel, fullImageName} from '../images/rules.ts';
import type {JobSpec} from '../protocol/index.ts';
import {isWeaker, profiles} from '../security/rules.ts';
import {type SpecContext, hasImages} from './rules-policy.ts';
import {imagePolicy, runSpec} from './rules-spec.ts';

const {memoryBytes, cpus} = profiles.standard;
const standardLimits = {...(memoryBytes === undefined ? {} : {memoryBytes}), ...(cpus === undefined ? {} : {cpus})};

/** A file that says how to build lies in what is sent. */
export function checkBuildFile(file: string, field: string): string {
  if (file.startsWith('/') || file.includes('\0') || file.split('/').includes('..'))
    throw new BoxyardError('INVALID_INPUT', {field, issue: 'expected a path inside the context'});
  return file;
}

/** No engine builds with less privilege than `standard`'s network, memory and CPUs, so it is not for a tenant that allows nothing so weak. */
function limitsOf({policy}: SpecContext) {
  if (isWeaker('standard', policy.minimumProfile))
    throw new BoxyardError(
      'FORBIDDEN',
      {},
      {message: `This tenant allows nothing weaker than ${policy.minimumProfile}; a build is.`, hint: 'Pull an image instead.'},
    );
  return policy.defaultProfile === 'open' ? undefined : standardLimits;
}

const labelsOf = (capabilities: readonly string[]) => ({
  'io.boxyard.managed': 'true',
  'io.boxyard.source': 'build',
  // What the image's own file says of it stands unless more is asked for.
  ...(capabilities.length > 0 && {'io.boxyard.capabilities': capabilitiesLabel([], capabilities)}),
});

export function buildSpec(request: z.infer<typeof BuildRequest>, context: SpecContext): JobSpec {
  const limits = limitsOf(context);
  const profile = limits === undefined ? 'open' : 'standard';
  const policy = imagePolicy(request, 'build', context.timing.pull, context);
  return {
    kind: 'image.build',
    ...policy,
    profile,
    needs: {...policy.needs, profile},
    // What is built lives on its worker: a name without a registry is local.
    ref: fullImageName(request.ref, () => true),
    ...filled(request),
    cache: request.cache ?? true,
    limits: limits ?? {},
    imageLabels: labelsOf(request.capabilities ?? []),
    context: {...request.context},
  };
}

const filled = ({file = 'Containerfile', args = {}, target}: Pick<z.infer<typeof BuildRequest>, 'file' | 'args' | 'target'>) => ({
  file: checkBuildFile(file, 'file'),
  args,
  ...(target === undefined ? {} : {target}),
});

/** A context that is kept, by what is in it. */
export interface KeptContext {
  readonly hash: string;
  readonly bytes: number;
}

/**
 * A run whose worker builds the image first, unless it has it. The name says all it is made of, and for whom: what is built of the
 * same is built once on each worker, and what one tenant builds no other runs.
 */
export function builtRunSpec(
  {build, ...request}: RunRequest & {readonly build: BuildOf},
  kept: KeptContext & {readonly tenant: string},
  context: SpecContext,
  hasFolders = false,
): Extract<JobSpec, {kind: 'run'}> {
  if (request.image !== undefined) throw new BoxyardError('INVALID_INPUT', {field: 'build', issue: 'does not go together with image'});
  if (!hasImages(request.engine, context))
    throw new BoxyardError('INVALID_INPUT', {field: 'build', issue: `the engine ${request.engine} has no images`});
  const what = filled(build);
  const limits = limitsOf(context) ?? {};
  const image = builtName(kept, what);
  const spec = runSpec({...request, image}, context, hasFolders);
  const {needs} = spec;
  return {
    ...spec,
    needs: {...needs, features: [...needs.features, 'build'], profile: isWeaker('standard', needs.profile) ? 'standard' : needs.profile},
    build: {...what, limits, imageLabels: labelsOf([]), context: {blob: kept.hash, bytes: kept.bytes}},
  };
}

function builtName(
  {tenant, hash}: {readonly tenant: string; readonly hash: string},
  {file, args, target}: ReturnType<typeof filled>,
): string {
  const all = [tenant, hash, file, Object.entries(args).toSorted(([a], [b]) => (a < b ? -1 : 1)), target ?? null];
  return `localhost/boxyard-build:${createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 40)}`;
}
