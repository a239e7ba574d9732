import {hasUnshowable, unshowable} from '../output/safe-text.ts';
import type {CreateDevBoxRequest} from '@boxyard/core/api';

/** A change a person asks for. What it is called on the command line and what it asks of the server stand side by side. */
export type Deed =
  | {readonly do: 'run'; readonly command: readonly string[]; readonly image?: string | undefined}
  | {readonly do: 'exec'; readonly devbox: string; readonly command: readonly string[]}
  | {readonly do: 'devboxes.create'; readonly request: DevBoxForm}
  | {readonly do: 'devboxes.start' | 'devboxes.stop' | 'devboxes.remove' | 'devboxes.restore'; readonly devbox: string}
  | {readonly do: 'devboxes.remove-now'; readonly devbox: string}
  | {readonly do: 'devboxes.snapshot'; readonly devbox: string; readonly image: string}
  | {readonly do: 'jobs.cancel' | 'jobs.retry'; readonly job: string}
  | {readonly do: 'terminals.close'; readonly terminal: string}
  | {readonly do: 'displays.close'; readonly devbox: string; readonly job: string}
  | {readonly do: 'workers.cordon' | 'workers.uncordon' | 'workers.drain' | 'workers.undrain' | 'workers.remove'; readonly worker: string}
  | {readonly do: 'workers.label'; readonly worker: string; readonly labels: readonly string[]}
  | {readonly do: 'workers.invite'; readonly name?: string | undefined}
  | {readonly do: 'images.pull'; readonly ref: string; readonly worker?: string | undefined}
  | {readonly do: 'images.remove'; readonly ref: string; readonly worker: string; readonly engine: string}
  | {readonly do: 'clusters.run'; readonly cluster: string; readonly role: string; readonly prompt?: string | undefined}
  | {readonly do: 'clusters.stop'; readonly cluster: string; readonly role?: string | undefined}
  | {readonly do: 'clusters.enable' | 'clusters.disable' | 'clusters.remove'; readonly cluster: string}
  | {readonly do: 'webhooks.test' | 'webhooks.enable' | 'webhooks.disable' | 'webhooks.remove'; readonly webhook: string}
  | {readonly do: 'webhooks.redeliver'; readonly webhook: string; readonly event: string}
  | {readonly do: 'webhooks.redeliver-dead'; readonly webhook: string}
  | {readonly do: 'config.set'; readonly key: string; readonly value: string};

/** What the form of a new DevBox asks for; empty texts are left out. */
export interface DevBoxForm {
  readonly name: string;
  readonly image?: string | undefined;
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly worker?: string | undefined;
  readonly engine?: string | undefined;
  readonly profile?: CreateDevBoxRequest['profile'];
  readonly memory?: string | undefined;
  readonly task?: string | undefined;
}

const option = (name: string, value: string | undefined): string[] => (value === undefined || value === '' ? [] : [`--${name}`, value]);

/** The words of the command that does the same, behind `boxyard`. */
export function wordsOf(deed: Deed): readonly string[] {
  switch (deed.do) {
    case 'run':
      return ['run', '--detach', ...option('image', deed.image), '--', ...deed.command];
    case 'exec':
      return ['exec', '--background', deed.devbox, '--', ...deed.command];
    case 'devboxes.create':
      return ['devboxes', 'create', ...createOptions(deed.request), '--detach', deed.request.name];
    case 'devboxes.start':
    case 'devboxes.stop':
      return [...deed.do.split('.'), '--detach', deed.devbox];
    case 'devboxes.remove-now':
      return ['devboxes', 'remove', '--now', '--detach', deed.devbox];
    case 'devboxes.snapshot':
      return ['devboxes', 'snapshot', '--detach', deed.devbox, deed.image];
    case 'workers.uncordon':
      return ['workers', 'cordon', '--off', deed.worker];
    case 'workers.undrain':
      return ['workers', 'drain', '--off', deed.worker];
    case 'workers.label':
      return ['workers', 'label', deed.worker, ...deed.labels.flatMap(labelOption)];
    case 'workers.invite':
      return ['workers', 'invite', ...option('name', deed.name)];
    case 'images.pull':
      return ['images', 'pull', '--detach', ...option('worker', deed.worker), deed.ref];
    case 'images.remove':
      return ['images', 'remove', '--detach', '--worker', deed.worker, '--engine', deed.engine, deed.ref];
    case 'clusters.run':
      return ['clusters', 'run', ...option('prompt', deed.prompt), deed.cluster, deed.role];
    case 'clusters.stop':
      return ['clusters', 'stop', ...option('role', deed.role), deed.cluster];
    case 'webhooks.redeliver':
      return ['webhooks', 'redeliver', deed.webhook, deed.event];
    case 'webhooks.redeliver-dead':
      return ['webhooks', 'redeliver', '--dead', deed.webhook];
    case 'config.set':
      return ['config', 'set', deed.key, deed.value];
    default:
      return [...deed.do.split('.'), nameOf(deed)!];
  }
}

/** `KEY=VALUE` sets one, `KEY-` unsets it. */
const labelOption = (label: string): string[] => (label.includes('=') ? ['--set', label] : ['--unset', label.replace(/-$/, '')]);

const createOptions = ({image, repo, branch, worker, engine, profile, memory, task}: DevBoxForm): string[] => [
  ...option('image', image),
  ...option('repo', repo),
  ...option('branch', branch),
  ...option('worker', worker),
  ...option('engine', engine),
  ...option('profile', profile),
  ...option('memory', memory),
  ...option('task', task),
];

/** What it is done to. */
export function nameOf(deed: Deed): string | undefined {
  if ('devbox' in deed) return deed.devbox;
  if ('job' in deed) return deed.job;
  if ('cluster' in deed) return 'role' in deed && deed.role !== undefined ? `${deed.cluster}/${deed.role}` : deed.cluster;
  if ('webhook' in deed) return deed.webhook;
  if ('worker' in deed && deed.worker !== undefined) return deed.worker;
  return 'terminal' in deed ? deed.terminal : undefined;
}

/** Whose leave it takes; a setting is the person's own. */
export function needsOf(deed: Deed): 'own' | 'run' | 'manage' {
  if (deed.do === 'config.set') return 'own';
  if (deed.do === 'clusters.run' || deed.do === 'clusters.stop') return 'run';
  return /^(?:workers|clusters|webhooks)\./.test(deed.do) ? 'manage' : 'run';
}

export const lineOf = (deed: Deed): string => `boxyard ${wordsOf(deed).map(quoted).join(' ')}`;

/** A word as a shell takes it. What shows nothing, or would mean something to a terminal it is pasted into, is spelled out. */
export function quoted(word: string): string {
  if (/^[\w./:=@%+,-]+$/.test(word)) return word;
  if (!hasUnshowable(word) && !/[\n\t]/.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const spelled = word
    .replaceAll(/[\\']/g, '\\$&')
    .replaceAll(/[\n\t]/g, spelledOut)
    .replaceAll(unshowable, spelledOut);
  return `$'${spelled}'`;
}

const spelledOut = (character: string): string =>
  [...Buffer.from(character)].map(byte => `\\x${byte.toString(16).padStart(2, '0')}`).join('');

/** What takes back one deed, and the line of that. */
export interface Undo {
  readonly line: string;
  readonly deed: Deed;
}

/** What takes them back, where something does. */
export const undosOf = (deeds: readonly Deed[]): readonly Undo[] =>
  deeds.flatMap(done => {
    const deed = undoOf(done);
    return deed === undefined ? [] : [{line: lineOf(done), deed}];
  });

/** What takes it back, where something does. */
export function undoOf(deed: Deed): Deed | undefined {
  switch (deed.do) {
    case 'devboxes.remove':
      return {do: 'devboxes.restore', devbox: deed.devbox};
    case 'devboxes.stop':
      return {do: 'devboxes.start', devbox: deed.devbox};
    case 'workers.cordon':
      return {do: 'workers.uncordon', worker: deed.worker};
    case 'workers.uncordon':
      return {do: 'workers.cordon', worker: deed.worker};
    case 'workers.drain':
      return {do: 'workers.undrain', worker: deed.worker};
    case 'webhooks.disable':
      return {do: 'webhooks.enable', webhook: deed.webhook};
    case 'clusters.disable':
      return {do: 'clusters.enable', cluster: deed.cluster};
    default:
      return undefined;
  }
}
