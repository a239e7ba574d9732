import type {z} from 'zod';
import type {DisplayRequest, ExecRequest, SnapshotRequest} from '../api/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {capabilitiesLabel, snapshotRef} from '../images/rules.ts';
import type {JobSpec} from '../protocol/index.ts';
import {checkCommand, checkEnv, checkUser} from '../security/names.ts';
import {type Isolation, policyOf} from './rules-policy.ts';
import {ttyFor} from './rules-tty.ts';

/** What a job about a DevBox needs to know of it. */
export interface DevBoxTarget {
  readonly id: string;
  readonly generation: number;
  readonly box: string;
  readonly worker: string;
  readonly engine: string;
  readonly profile: Isolation['profile'];
  readonly memoryBytes: number;
  readonly capabilities: readonly string[];
  readonly cwd?: string | undefined;
  /** Names of the secrets it was given. */
  readonly secrets: readonly string[];
}

const onDevBox = (target: DevBoxTarget, memoryBytes = 0) => ({
  labels: {},
  needs: {
    engine: target.engine,
    worker: target.worker,
    features: [],
    enforces: [],
    labels: {},
    memoryBytes,
    slots: 0,
    profile: target.profile,
  },
  profile: target.profile,
  secrets: [],
  graceMs: 10_000,
  retries: 0,
  priority: 0,
  ifLost: 'wait' as const,
  idempotent: false,
  devbox: target.id,
  generation: target.generation,
  box: target.box,
});

/** A command of its own, which goes on until it is cancelled where it was asked for so. */
export function execSpec(request: ExecRequest, target: DevBoxTarget): Extract<JobSpec, {kind: 'exec'}> {
  const {background = false} = request;
  if (background) refuseForBackground(request);
  checkCommand(request.command, request.cwd);
  checkEnv(request.env ?? {});
  if (request.user !== undefined) checkUser(request.user);
  const base = onDevBox(target);
  const needs = {...base.needs, features: [request.tty === undefined ? 'exec' : 'terminal']};
  return {
    kind: 'exec',
    ...base,
    ...policyOf(request, needs, {engine: target.engine, profile: target.profile}, {ifLost: background ? 'wait' : 'fail'}),
    background,
    ...(target.secrets.length === 0 ? {} : {masks: [...target.secrets]}),
    command: {
      argv: [...request.command],
      env: request.env ?? {},
      ...(request.cwd === undefined ? {} : {cwd: request.cwd}),
      ...(request.user === undefined ? {} : {user: request.user}),
      stdin: request.stdin ?? false,
      ...ttyFor(request),
    },
  };
}

/** A little more than half of what people have before them, so that it fits into a window. */
const displaySize = {width: 1280, height: 800};

/** Its worker may be away for as long as it likes: the screen is opened again when it is back. */
export function displaySpec(request: DisplayRequest, target: DevBoxTarget, idleMs: number): Extract<JobSpec, {kind: 'display'}> {
  const base = onDevBox(target);
  const {display = 'vnc', width = displaySize.width, height = displaySize.height} = request;
  return {kind: 'display', ...base, needs: {...base.needs, features: ['connect', 'exec']}, display, width, height, idleMs};
}

/** What ends with a client, or after a time, is not in the background. */
function refuseForBackground({timeoutMs, stdin, tty}: ExecRequest): void {
  const field = timeoutMs !== undefined ? 'timeoutMs' : stdin === true ? 'stdin' : tty === undefined ? undefined : 'tty';
  if (field !== undefined) throw new BoxyardError('INVALID_INPUT', {field, issue: 'does not go together with background'});
}

export function devboxMutation(kind: 'devbox.start' | 'devbox.stop' | 'devbox.remove', target: DevBoxTarget, graceMs?: number): JobSpec {
  const base = onDevBox(target, kind === 'devbox.start' ? target.memoryBytes : 0);
  return {kind, ...base, idempotent: true, ...(graceMs === undefined ? {} : {graceMs})};
}

export function snapshotSpec(request: z.infer<typeof SnapshotRequest>, target: DevBoxTarget): JobSpec {
  const base = onDevBox(target);
  return {
    kind: 'devbox.snapshot',
    ...base,
    needs: {...base.needs, features: ['snapshot']},
    ref: snapshotRef(request.name, request.tag),
    imageLabels: {
      'io.boxyard.managed': 'true',
      'io.boxyard.source': 'devbox',
      'io.boxyard.capabilities': capabilitiesLabel(target.capabilities, request.capabilities ?? []),
    },
  };
}
