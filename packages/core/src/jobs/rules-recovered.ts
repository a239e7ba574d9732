import {JobSpec, type FromAgent, type Labels, type Step} from '../protocol/index.ts';
import type {z} from 'zod';

type Start = Extract<FromAgent, {type: 'job.told'}>['start'];
type StepOf<Do extends Step['do']> = Extract<z.infer<typeof Step>, {do: Do}>;

/** What a job is said to be whose record Redis lost, until its worker tells: it ran, its output and result count. */
export const forgottenSpec: Extract<JobSpec, {kind: 'run'}> = {
  kind: 'run',
  labels: {recovered: 'true'},
  needs: {features: [], enforces: [], labels: {}, memoryBytes: 0, slots: 0, profile: 'open'},
  profile: 'open',
  secrets: [],
  graceMs: 10_000,
  retries: 0,
  priority: 0,
  ifLost: 'wait',
  idempotent: false,
  box: {env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false},
  out: [],
};

export const isForgotten = (spec: JobSpec): boolean => spec.kind === 'run' && spec.labels['recovered'] === 'true' && spec.needs.slots === 0;

/** What a run reserves that says nothing of its memory. */
const runMemory = 512 * 1024 ** 2;

/**
 * The spec behind the steps that a worker was sent, as far as steps tell. It names no secret: an agent that is asked what it
 * runs must not thereby get one it was never given. Undefined where the kind cannot be read back, or makes no spec. Pure.
 */
export function specOf(start: Start): JobSpec | undefined {
  const policy = {
    ...forgottenSpec,
    profile: start.profile,
    needs: {...forgottenSpec.needs, profile: start.profile, ...(start.engine === '' ? {} : {engine: start.engine})},
    graceMs: start.graceMs,
    ...(start.timeoutMs === undefined ? {} : {timeoutMs: start.timeoutMs}),
  };
  const own = start.kind === 'run' ? runOf(start) : start.kind === 'exec' ? execOf(start) : imageOf(start);
  if (own === undefined) return undefined;
  const needs = start.kind === 'run' ? {...policy.needs, slots: 1, memoryBytes: runMemory} : policy.needs;
  const read = JobSpec.safeParse({...policy, needs, ...own});
  return read.success ? read.data : undefined;
}

const stepOf = <Do extends Step['do']>({steps}: Start, what: Do): StepOf<Do> | undefined =>
  steps.find((step): step is StepOf<Do> => step.do === what);

const withoutOurs = (env: Labels): Labels => Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('BOXYARD_')));

function runOf(start: Start): object | undefined {
  const create = stepOf(start, 'container.create');
  if (create === undefined) return undefined;
  const {name: _name, labels: _labels, ...box} = create.spec;
  const command = stepOf(start, 'container.exec')?.command;
  const source = stepOf(start, 'container.setup')?.source;
  return {
    kind: 'run',
    box: {...box, env: withoutOurs(box.env), ...(command === undefined ? {} : {main: command.argv, stdin: command.stdin})},
    ...(source === undefined ? {} : {source: source.kind === 'repo' ? {...source, secret: undefined} : source}),
    out: stepOf(start, 'container.collect')?.paths ?? [],
  };
}

function execOf(start: Start): object | undefined {
  const step = stepOf(start, 'container.exec');
  if (step === undefined) return undefined;
  const command = {...step.command, env: withoutOurs(step.command.env)};
  return {kind: 'exec', devbox: start.devbox, generation: start.generation, box: step.box, command};
}

function imageOf(start: Start): object | undefined {
  if (start.kind === 'image.pull') return {kind: 'image.pull', ref: stepOf(start, 'image.pull')?.ref};
  return start.kind === 'image.remove' ? {kind: 'image.remove', ref: stepOf(start, 'image.delete')?.ref} : undefined;
}
