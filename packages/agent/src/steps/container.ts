import {BoxyardError, fromWire, isBoxyardError} from '@boxyard/core/errors';
import type {Box, BoxSpec} from '@boxyard/core/plugin-api';
import type {Step} from '@boxyard/core/protocol';
import {isInDoubt} from '../engine-calls.ts';
import {checkBox, checkLabels, checkReach} from '../floor.ts';
import {isHostLost} from '../host-client.ts';
import {ownBox} from '../own-box.ts';
import type {HeldState} from '../session-host/wire.ts';
import {boxOf, engineCall, findBox, present, whole, type StepContext} from './context.ts';
import {placeReportScript, reportEnv, reports} from './report-script.ts';
import {feedStdin} from './stdin.ts';
import {SECRETS_DIR, awaitingSecrets, putSecretFiles, secretRefs, secretsOf} from './secret-files.ts';

const MOST_TRIES = 5;

type Of<D extends Step['do']> = Extract<Step, {do: D}>;

/** Idempotent by the box's name: after a crash the box that is there is the box that was asked for. */
export async function containerCreate(context: StepContext, step: Of<'container.create'>): Promise<void> {
  const {floor, name} = context.parts.worker;
  checkReach(step.spec);
  checkBox(step.spec, floor, name);
  const values = await secretsOf(context, step.secrets);
  await context.starting();
  const spec = await withLive(context, step, specOf(context, step, values.env));
  const box = await context.phase('create', async () => {
    const made = await engineCall(context, 'create', signal => context.parts.engines.get(context.start.engine).create(spec, signal)).catch(
      (error: unknown) => {
        throw step.spec.live === undefined ? error : sharesNothing(error, context.start.engine);
      },
    );
    if (reports(context)) await placeReportScript(context, made, spec.readOnlyRoot);
    return made;
  });
  context.made.set(spec.name, box);
  context.parts.crash('after-create');
}

function specOf(context: StepContext, {spec, secrets}: Of<'container.create'>, env: Readonly<Record<string, string>>): BoxSpec {
  const hasFiles = secrets.some(one => one.kind === 'file');
  const mounts = hasFiles
    ? [...spec.mounts, {kind: 'tmpfs' as const, target: SECRETS_DIR, bytes: 1024 * 1024, readOnly: false}]
    : spec.mounts;
  return present({
    name: spec.name,
    labels: {...spec.labels, 'io.boxyard.agent': context.parts.worker.machine},
    image: spec.image,
    main: hasFiles ? awaitingSecrets(spec.main) : spec.main,
    env: {...spec.env, ...env, ...reportEnv(context, spec.readOnlyRoot)},
    cwd: spec.cwd,
    user: spec.user,
    stdin: spec.stdin,
    limits: present(spec.limits),
    mounts,
    ports: [],
    network: spec.network,
    privileges: spec.privileges,
    readOnlyRoot: spec.readOnlyRoot,
  }) as BoxSpec;
}

/** The directory that the role's jobs share here. */
async function withLive({parts, start, signal}: StepContext, {spec: {live}}: Of<'container.create'>, spec: BoxSpec): Promise<BoxSpec> {
  if (live === undefined) return spec;
  const mount = await parts.live.mount(start.engine, live.key, signal);
  return {...spec, mounts: [...spec.mounts, mount], env: {...spec.env, BOXYARD_LIVE_DIR: mount.target}};
}

/** An engine that takes no such mount says what it does not take; whose fault that is, the role says. */
function sharesNothing(error: unknown, engine: string): unknown {
  if (!isBoxyardError(error) || error.code !== 'UNSUPPORTED') return error;
  const what = 'sameWorker of the role, a directory that its jobs share,';
  return new BoxyardError(
    'UNSUPPORTED',
    {what, by: engine, hint: `Leave sameWorker out. The engine says: ${error.message}`},
    {cause: error},
  );
}

/** A main process whose end is the job's is started by the session host, which is attached before; any other by the agent. */
export async function containerStart(context: StepContext, step: Of<'container.start'>): Promise<void> {
  const {floor, name} = context.parts.worker;
  const box = await madeOrFound(context, step.box);
  checkLabels(box.labels, floor, name);
  await context.starting();
  const isMain = context.start.steps.some(one => one.do === 'container.wait' && one.box === step.box);
  if (isMain) await context.phase('start', () => startMain(context, step));
  else await context.phase('start', () => engineCall(context, 'start', signal => box.start(undefined, signal)));
  await putSecretFiles(context, step.box, secretRefs(context, step.box));
  context.parts.crash('after-start');
}

/** The engine has just answered for a box that this job made, so it is not asked again; whose it is is looked at all the same. */
async function madeOrFound(context: StepContext, name: string): Promise<Box> {
  const made = context.made.get(name);
  return ownBox(made, context.parts.worker.machine, context.start.tenant) ?? boxOf(context, name);
}

async function startMain(context: StepContext, step: Of<'container.start'>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      const state = await context.parts.held.start(await runMessage(context, step.box, step.stdin));
      whole(state);
      context.running();
      if (step.stdin) feedStdin(context, 'main', state);
      return;
    } catch (error) {
      const isPassing = isHostLost(error) ? mayGoAgain(context) : isInDoubt(error) && tries < 2;
      if (context.signal.aborted || !isPassing || tries >= MOST_TRIES) throw error;
    }
  }
}

async function runMessage(context: StepContext, box: string, stdin: boolean) {
  const values = await secretsOf(context, secretRefs(context, box));
  const {engine} = context.start;
  return {type: 'run' as const, ...context.of, slot: 'main', engine, box, stdin, secrets: [...values.all], report: values.report};
}

/** The main process's end is the job's exit. Ended early, the box is stopped and its real exit still reported. */
export async function containerWait(context: StepContext, step: Of<'container.wait'>): Promise<void> {
  const stop = () =>
    void stopBox(context, step.box).catch((error: unknown) => context.parts.log('stop failed', {box: step.box, error: String(error)}));
  if (context.signal.aborted) stop();
  else context.signal.addEventListener('abort', stop, {once: true});
  try {
    const state = await context.phase('run', () => mainEnd(context, step.box));
    context.ends({exit: exitOf(state)});
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

async function mainEnd(context: StepContext, box: string): Promise<HeldState> {
  const {held} = context.parts;
  const slot = {...context.of, slot: 'main'};
  const stdin = context.start.steps.some(one => one.do === 'container.start' && one.box === box && one.stdin);
  for (let tries = 0; ; tries += held.suspects.wasAnothers(context.of.job) ? 0 : 1) {
    try {
      const state = held.find(slot) ?? (await held.start(await runMessage(context, box, stdin)));
      context.running();
      if (stdin && state.is !== 'failed') feedStdin(context, 'main', state);
      return await held.ended(slot);
    } catch (error) {
      if (!isHostLost(error) || !mayGoAgain(context)) throw error;
      if (stdin && context.row.stdinDone !== true) context.fail(stdinInterrupted(), 'stdin_interrupted');
      if (tries >= MOST_TRIES) throw error;
    }
  }
}

/** A job whose engine takes session hosts down is given up before it has cost the others more. */
function mayGoAgain(context: StepContext): boolean {
  if (!context.parts.held.suspects.isPoison(context.of.job)) return true;
  context.fail(new BoxyardError('INTERNAL', {}, {message: 'Its session host ended again and again.'}), 'poison');
  return false;
}

export const stdinInterrupted = () => new BoxyardError('INTERRUPTED', {}, {message: 'Standard input broke off before its end.'});

function exitOf(state: HeldState) {
  if (state.is === 'ended' && state.exit) return state.exit;
  if (state.error?.code === 'NOT_FOUND') return {unknown: 'container_missing'};
  throw state.error ? fromWire(state.error as Parameters<typeof fromWire>[0]) : new BoxyardError('INTERNAL');
}

/** Not under the job's signal: it is what the signal asks for. */
async function stopBox(context: StepContext, name: string): Promise<void> {
  const {engines} = context.parts;
  const graceMs = context.graceMs;
  await engines.call(context.start.engine, 'stop', async (engine, signal) => (await engine.find(name, signal))?.stop(graceMs, signal), {
    ms: graceMs + 60_000,
  });
}

export async function containerStop(context: StepContext, step: Of<'container.stop'>): Promise<void> {
  const box = await boxOf(context, step.box);
  await context.phase('stop', () => engineCall(context, 'stop', signal => box.stop(step.graceMs, signal), step.graceMs + 60_000));
}

/** A box that is not there is removed. */
export async function containerRemove(context: StepContext, step: Of<'container.remove'>): Promise<void> {
  const box = await findBox(context, step.box);
  if (!box) return;
  await context.phase('remove', () => engineCall(context, 'remove', signal => box.remove(signal)));
}
