import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Features} from '@boxyard/core/plugin-api';
import type {Step} from '@boxyard/core/protocol';
import {parseImageRef} from '@boxyard/core/security/image-ref';
import {profiles} from '@boxyard/core/security/rules';
import {checkBuild} from '../floor.ts';
import {boxOf, engineCall, present, type StepContext} from './context.ts';
import {nearestImage} from './nearest-image.ts';

type Of<D extends Step['do']> = Extract<Step, {do: D}>;

/** Skips the pull where the image is. `localhost/` is no registry: what lies there was made on its machine. Its time is a phase of its own and counts for nobody's deadline. */
export async function imagePull(context: StepContext, step: Of<'image.pull'>): Promise<void> {
  parseImageRef(step.ref);
  const images = imagesOf(context);
  const there = step.always ? undefined : await engineCall(context, 'images', signal => images.find(step.ref, signal));
  if (there) return context.ends({image: {id: there.id, ref: step.ref}});
  if (parseImageRef(step.ref).registry === 'localhost')
    throw await withMeant(context, new BoxyardError('IMAGE_NOT_FOUND', {ref: step.ref, hint: 'boxyard images list shows what there is.'}));
  // It may take long, and what happens meanwhile is no box's doing.
  context.row.isStarting = false;
  context.parts.journal.note(context.row);
  const login = step.login === undefined ? undefined : await loginOf(context, step.login);
  const pulled = await context
    .phase('pull', () => pull(context, step.ref, login), step.ref)
    .catch(async (error: unknown) => {
      throw await withMeant(context, error);
    });
  context.ends({image: {id: pulled, ref: step.ref}});
}

/** An image that is nowhere is told with the one that was probably meant. */
async function withMeant(context: StepContext, error: unknown): Promise<unknown> {
  if (!isBoxyardError(error) || error.code !== 'IMAGE_NOT_FOUND') return error;
  const listed = await engineCall(context, 'images', signal => imagesOf(context).list(signal)).catch(() => []);
  const suggestion = nearestImage(
    String(error.details['ref']),
    listed.flatMap(image => image.refs),
  );
  return suggestion === undefined ? error : new BoxyardError('IMAGE_NOT_FOUND', {...error.details, suggestion}, {cause: error});
}

async function pull(context: StepContext, ref: string, login: {user: string; secret: string} | undefined): Promise<string> {
  const {engines, timing} = context.parts;
  await context.log(`pulling ${ref}\n`);
  const progress = (step: string, done: number, total?: number) => context.progress(step, done, total);
  const image = await engines.call(context.start.engine, 'pull', (_, signal) => imagesOf(context).pull(ref, login, progress, signal), {
    signal: context.signal,
    ms: timing.pull,
  });
  await context.log(`pulled ${ref}\n`);
  return image.id;
}

async function loginOf(context: StepContext, name: string): Promise<{user: string; secret: string}> {
  const value = (await context.parts.secrets.of(context.of, context.signal))[name] ?? '';
  const colon = value.indexOf(':');
  if (colon < 1) throw new BoxyardError('INVALID_INPUT', {field: `secret ${name}`, issue: 'expected user:password'});
  return {user: value.slice(0, colon), secret: value.slice(colon + 1)};
}

export async function imageDelete(context: StepContext, step: Of<'image.delete'>): Promise<void> {
  parseImageRef(step.ref);
  const images = imagesOf(context);
  const there = await engineCall(context, 'images', signal => images.find(step.ref, signal));
  if (there === undefined && !context.isRepeat)
    throw new BoxyardError('NOT_FOUND', {
      what: 'image',
      name: `${step.ref} in ${context.start.engine} on ${context.parts.worker.name}`,
      list: 'boxyard images list',
    });
  await engineCall(context, 'remove image', signal => images.remove(step.ref, signal));
}

export async function imageSnapshot(context: StepContext, step: Of<'image.snapshot'>): Promise<void> {
  parseImageRef(step.ref);
  const {snapshot} = context.parts.engines.get(context.start.engine).features;
  if (!snapshot) throw new BoxyardError('UNSUPPORTED', {what: 'snapshot', by: context.start.engine});
  const box = await boxOf(context, step.box);
  const work = () => engineCall(context, 'snapshot', signal => snapshot(box, step.ref, step.labels, signal), context.parts.timing.pull);
  const image = await context.phase('snapshot', work, step.ref);
  context.ends({image: {id: image.id, ref: step.ref}});
}

export async function imageBuild(context: StepContext, step: Of<'image.build'>): Promise<void> {
  parseImageRef(step.ref);
  const {engines, worker} = context.parts;
  checkBuild(worker.floor, worker.name);
  const {build} = engines.get(context.start.engine).features;
  if (!build) throw new BoxyardError('UNSUPPORTED', {what: 'build', by: context.start.engine});
  if (step.ifMissing !== true) return buildNow(context, step, build);
  await engines.building.alone(`${context.start.engine} ${step.ref}`, context.signal, async () => {
    const there = await engineCall(context, 'images', signal => imagesOf(context).find(step.ref, signal));
    if (there) return context.ends({image: {id: there.id, ref: step.ref}});
    await context.log(`building the image\n`);
    await buildNow(context, step, build);
  });
}

async function buildNow(context: StepContext, step: Of<'image.build'>, build: NonNullable<Features['build']>): Promise<void> {
  const {engines, streams, timing} = context.parts;
  const limits = await limitsOf(context, step);
  const text = new TextDecoder();
  const log = (bytes: Uint8Array) => void context.log(text.decode(bytes, {stream: true}));
  const run = async (signal: AbortSignal) => {
    const archive = streams.read(context.of, step.context.blob, signal);
    const {file, ref, args, target, labels, cache} = step;
    try {
      return await build(present({context: archive, file, ref, args, target, labels, cache, limits}), log, signal);
    } finally {
      archive.destroy();
    }
  };
  await context.starting();
  const image = await context.phase('build', () =>
    engines.call(context.start.engine, 'build', (_, signal) => run(signal), {signal: context.signal, ms: timing.runTimeout}),
  );
  context.ends({image: {id: image.id, ref: step.ref}});
}

/** The lower of what was asked for and what the owner's floor asks for; what this machine cannot limit is said. */
async function limitsOf(context: StepContext, step: Of<'image.build'>) {
  const {engines, worker} = context.parts;
  const {probe} = engines.entry(context.start.engine);
  const floor = worker.floor === undefined || worker.floor === 'open' ? undefined : profiles.standard;
  const wanted = {memory: lower(step.limits?.memoryBytes, floor?.memoryBytes), cpus: lower(step.limits?.cpus, floor?.cpus)};
  const cannot = (what: 'memory' | 'cpus') => wanted[what] !== undefined && probe.usable && !probe.enforces.includes(what);
  const missing = (['memory', 'cpus'] as const).filter(cannot);
  if (missing.length > 0) await context.log(`${context.start.engine} cannot limit ${missing.join(' and ')} here: the build runs without\n`);
  return present({
    memoryBytes: missing.includes('memory') ? undefined : wanted.memory,
    cpus: missing.includes('cpus') ? undefined : wanted.cpus,
  });
}

const lower = (...figures: readonly (number | undefined)[]): number | undefined => {
  const known = figures.filter(figure => figure !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

function imagesOf(context: StepContext) {
  const {images} = context.parts.engines.get(context.start.engine).features;
  if (!images) throw new BoxyardError('UNSUPPORTED', {what: 'images', by: context.start.engine});
  return images;
}
