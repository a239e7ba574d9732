import {type BoxToCreate, type JobSpec, type Labels, REPORT_SECRET, type SecretRef, type Step} from '../protocol/index.ts';
import type {z} from 'zod';
import {folderLimits} from '../folders/rules.ts';
import {placesEnv, placesOf, sharedPath} from '../folders/rules-places.ts';
import {copyEnv} from './rules-children.ts';
import {type TemplateValues, expandPrompt, expandWord} from './rules-template.ts';
import {type JobRecord, mayReport} from './rules-record.ts';

/** What else a box's labels say, beside the job: they are the truth about what exists (R9), so they name their owner. */
export interface StepContext {
  readonly installation: string;
}

/** The steps of one attempt, built from the record when it is sent: the closed list an agent knows. Pure. */
export function stepsFor(record: JobRecord, context: StepContext): z.infer<typeof Step>[] {
  const {spec} = record;
  switch (spec.kind) {
    case 'run':
      return runSteps(record, spec, context);
    case 'devbox.create':
      return createSteps(record, spec, context);
    case 'exec':
      return [
        {
          do: spec.background ? 'container.exec.background' : 'container.exec',
          box: spec.box,
          command: {...spec.command, env: {...spec.command.env, ...jobEnv(record)}},
          secrets: spec.secrets,
          ...(spec.masks === undefined ? {} : {masks: spec.masks}),
        },
      ];
    case 'display':
      return [{do: 'display.open', box: spec.box, display: spec.display, width: spec.width, height: spec.height, idleMs: spec.idleMs}];
    case 'devbox.start':
      return [{do: 'container.start', box: spec.box, stdin: false}];
    case 'devbox.stop':
      return [{do: 'container.stop', box: spec.box, graceMs: spec.graceMs}];
    case 'devbox.remove':
      return [{do: 'container.remove', box: spec.box}];
    case 'devbox.snapshot':
      return [{do: 'image.snapshot', box: spec.box, ref: spec.ref, labels: spec.imageLabels}];
    case 'image.pull':
      return [{do: 'image.pull', ref: spec.ref, always: true, ...(spec.login === undefined ? {} : {login: spec.login})}];
    case 'image.remove':
      return [{do: 'image.delete', ref: spec.ref}];
    case 'image.build':
      return [buildStep(spec)];
  }
}

const withReport = (record: JobRecord, secrets: readonly SecretRef[]): SecretRef[] =>
  mayReport(record) ? [...secrets, {secret: REPORT_SECRET, as: 'BOXYARD_REPORT_SECRET', kind: 'env'}] : [...secrets];

type Run = Extract<JobSpec, {kind: 'run'}>;
type Create = Extract<JobSpec, {kind: 'devbox.create'}>;
type Setup = Extract<z.infer<typeof Step>, {do: 'container.setup'}>;

function runSteps(record: JobRecord, asked: Run, context: StepContext): z.infer<typeof Step>[] {
  const spec = {...asked, box: {...asked.box, main: ownWords(record, asked.box.main)}};
  const box = record.box!;
  const {fetch, store} = folderSteps(record, box);
  const collect = [...store, ...(spec.out.length === 0 ? [] : [{do: 'container.collect' as const, box, paths: spec.out}])];
  const isHeld = runsHeld(spec) || (fetch.length > 0 && spec.box.readOnlyRoot);
  if (!isHeld)
    return [
      ...imageSteps(spec),
      {do: 'container.create', spec: boxToCreate(record, spec.box, context), secrets: withReport(record, spec.secrets)},
      ...(spec.source === undefined ? [] : [{do: 'container.setup' as const, box, source: spec.source, commands: []}]),
      ...fetch,
      {do: 'container.start', box, stdin: spec.box.stdin},
      {do: 'container.wait', box},
      ...collect,
    ];
  const argv = Array.isArray(spec.box.main) ? spec.box.main : ['true'];
  return [
    ...imageSteps(spec),
    {do: 'container.create', spec: boxToCreate(record, {...spec.box, main: 'hold', stdin: false}, context), secrets: spec.secrets},
    ...heldUp(box, spec, []),
    ...fetch,
    {
      do: 'container.exec',
      box,
      command: {
        argv,
        env: jobEnv(record),
        cwd: spec.box.cwd ?? '/workspace',
        ...(spec.box.user === undefined ? {} : {user: spec.box.user}),
        stdin: spec.box.stdin,
        ...(spec.tty === undefined ? {} : {tty: spec.tty}),
      },
      secrets: withReport(record, spec.secrets),
    },
    ...collect,
  ];
}

/** Folders of a role's cluster come in before its program begins and go out behind its end, however that ended. */
function folderSteps(record: JobRecord, box: string) {
  const at = placesOf(record).map(place => place.at);
  if (at.length === 0) return {fetch: [], store: []};
  const store = {do: 'folders.store' as const, box, at, mirror: record.origin?.folders?.mirror === true, limits: folderLimits};
  return {fetch: [{do: 'folders.fetch' as const, box}], store: [store]};
}

/**
 * Whether the box holds while the command runs in it as an exec: a clone happens inside, a terminal is one of an exec, and where
 * the root is read-only the workspace is in memory, so that it is there only while the box runs.
 */
export const runsHeld = (spec: Pick<Run, 'source' | 'tty' | 'out' | 'box'>): boolean =>
  spec.source?.kind === 'repo' || spec.tty !== undefined || (spec.box.readOnlyRoot && (spec.source !== undefined || spec.out.length > 0));

/** A directory comes before the start, while nothing in the box can be in its way, unless there is nothing yet to put it into. */
function heldUp(box: string, {source, box: {readOnlyRoot}}: Pick<Run, 'source' | 'box'>, more: readonly Setup[]): z.infer<typeof Step>[] {
  const start = {do: 'container.start' as const, box, stdin: false};
  if (source === undefined) return [start, ...more];
  const [own] = more;
  const setup: Setup = {do: 'container.setup', box, ...own, source, commands: own?.commands ?? []};
  if (source.kind === 'repo' || readOnlyRoot) return [start, setup];
  return [{do: 'container.setup', box, source, commands: []}, start, ...more];
}

function createSteps(record: JobRecord, spec: Create, context: StepContext): z.infer<typeof Step>[] {
  const box = record.box!;
  const {task, setup: commands} = spec;
  const own: Setup = {do: 'container.setup', box, ...(task === undefined ? {} : {task}), commands};
  return [
    ...pull(spec.box.image),
    {do: 'container.create', spec: boxToCreate(record, spec.box, context), secrets: spec.secrets},
    ...heldUp(box, spec, task === undefined && commands.length === 0 ? [] : [own]),
  ];
}

const pull = (image: string | undefined): z.infer<typeof Step>[] =>
  image === undefined ? [] : [{do: 'image.pull', ref: image, always: false}];

function boxToCreate(record: JobRecord, box: Run['box'], context: StepContext): z.infer<typeof BoxToCreate> {
  const live = record.spec.kind === 'run' && record.spec.live !== undefined ? {live: record.spec.live} : {};
  return {...box, env: {...box.env, ...jobEnv(record)}, name: record.box!, labels: labelsOf(record, context), ...live};
}

function labelsOf(record: JobRecord, context: StepContext): Labels {
  const {spec} = record;
  return {
    'io.boxyard.installation': context.installation,
    'io.boxyard.tenant': record.tenant,
    ...(record.worker === undefined ? {} : {'io.boxyard.worker': record.worker.id}),
    'io.boxyard.job': record.id,
    'io.boxyard.attempt': String(record.attempt.number),
    'io.boxyard.kind': spec.kind === 'devbox.create' ? 'devbox' : 'job',
    'io.boxyard.profile': spec.profile,
    ...(spec.kind === 'devbox.create' ? {'io.boxyard.devbox': spec.devbox, 'io.boxyard.name': spec.devboxName} : {}),
  };
}

/** What a job's process knows of itself. */
export function jobEnv(record: JobRecord): Labels {
  const copy = record.spec.kind === 'run' ? record.spec.copy : undefined;
  return {
    BOXYARD_JOB: record.id,
    BOXYARD_ATTEMPT: String(record.attempt.number),
    ...(record.devboxName === undefined ? {} : {BOXYARD_DEVBOX: record.devboxName}),
    ...(record.parent === undefined ? {} : {BOXYARD_PARENT_ID: record.parent}),
    ...(copy === undefined ? {} : copyEnv(copy)),
    ...(record.origin === undefined ? {} : runEnv(record.origin, record)),
    ...placesEnv(record),
  };
}

function runEnv({cluster, role, trigger, env, templates = []}: NonNullable<JobRecord['origin']>, record: JobRecord): Labels {
  const values = templateValues(record);
  const expanded = Object.fromEntries(templates.map(name => [name, expandPrompt(env[name] ?? '', values)]));
  return {...env, ...expanded, BOXYARD_CLUSTER: cluster.name, BOXYARD_ROLE: role.name, BOXYARD_TRIGGER: trigger.type};
}

/** Without an image the workspace is a folder of the machine, which only the job's own environment names. */
function templateValues({id, spec, origin, sentAt, createdAt}: JobRecord): TemplateValues {
  const hasImage = spec.kind === 'run' && spec.box.image !== undefined;
  return {
    role: origin?.role.name ?? '',
    job: id,
    folders: (origin?.folders?.shared ?? []).map(sharedPath),
    at: new Date(sentAt ?? createdAt).toISOString(),
    payload: origin?.env['BOXYARD_WEBHOOK_PAYLOAD'] ?? origin?.env['BOXYARD_CHANGED_FILES'],
    workspace: hasImage ? '/workspace' : '.',
  };
}

/** What a role says is to be run is a template; what somebody else asks for is what it is. */
function ownWords(record: JobRecord, main: Run['box']['main']): Run['box']['main'] {
  if (record.origin === undefined || !Array.isArray(main)) return main;
  const values = templateValues(record);
  return main.map(word => expandWord(word, values));
}

/** The image is there, or is pulled, or is built of what the run brings. */
const imageSteps = ({build, box}: Run): z.infer<typeof Step>[] =>
  build === undefined || box.image === undefined
    ? pull(box.image)
    : [{...buildStep({...build, ref: box.image, cache: true}), ifMissing: true}];

type BuildOf = NonNullable<Run['build']> & {readonly ref: string; readonly cache: boolean};

const buildStep = (spec: BuildOf): Extract<z.infer<typeof Step>, {do: 'image.build'}> => ({
  do: 'image.build',
  ref: spec.ref,
  file: spec.file,
  args: spec.args,
  ...(spec.target === undefined ? {} : {target: spec.target}),
  cache: spec.cache,
  limits: spec.limits,
  labels: spec.imageLabels,
  context: spec.context,
});

/** Names of the secrets an attempt may ask for; nothing else is handed out. */
export function secretNames(spec: JobSpec): string[] {
  const clone = 'source' in spec && spec.source?.kind === 'repo' && spec.source.secret !== undefined ? [spec.source.secret] : [];
  const login = spec.kind === 'image.pull' && spec.login !== undefined ? [spec.login] : [];
  const masks = spec.kind === 'exec' ? (spec.masks ?? []) : [];
  return [...new Set([...spec.secrets.map(secret => secret.secret), ...masks, ...clone, ...login])];
}
