import type {JobView} from '@boxyard/core/api';
import {isOpenDisplay} from '../data.ts';
import {devboxTarget, targetIds, targetOf} from '../rows.ts';
import {withEffects, type Effect, type State, type Step} from '../state.ts';
import {deedAction, mayChange, type Action} from './action.ts';

type OpenDisplay = Extract<Effect, {type: 'open-display'}>;

/** The display that is open of what the keys are about. */
export function displayHere(state: State): JobView | undefined {
  const target = targetOf(state);
  if (target.is === 'job' && isOpenDisplay(target.job)) return target.job;
  const box = devboxTarget(state);
  return box === undefined ? undefined : [...state.data.jobs.values()].find(job => isOpenDisplay(job) && job.devbox?.id === box.id);
}

/** Why no desktop can be looked at here, and what would help; undefined where one can. */
export function lackOfDisplay(state: State): string | undefined {
  const box = devboxTarget(state);
  const open = displayHere(state);
  if (open !== undefined) return undefined;
  if (box === undefined) return 'There is no DevBox here.';
  const {name} = box;
  if (box.state === 'stopped' || box.state === 'failed') return `${name} is ${box.state}: it shows no desktop. u starts it.`;
  if (box.state !== 'running') return `${name} is ${box.state}.`;
  const worker = state.data.workers.get(box.worker?.id ?? '');
  if (worker !== undefined && worker.presence !== 'online')
    return `${name} is on ${worker.name}, which is ${worker.presence}. 5 shows the workers.`;
  const refusal = mayChange(state, 'run');
  return refusal === undefined ? undefined : `${refusal} A display that is open can be looked at; ${name} has none.`;
}

/** The whole terminal for the desktop: the open display, or a new one. */
export function openDisplay(state: State): Step {
  const job = displayHere(state);
  const devbox = job?.devbox?.name ?? devboxTarget(state)!.name;
  const effect: OpenDisplay = {type: 'open-display', devbox, job: job?.id, isReadonly: mayChange(state, 'run') !== undefined};
  return withEffects({...state, isMessageShown: false}, effect);
}

const displays = (state: State): readonly JobView[] =>
  targetIds(state)
    .flatMap(id => state.data.jobs.get(id) ?? [])
    .filter(isOpenDisplay);

export const displayActions: readonly Action[] = [
  {
    id: 'display',
    isOfRow: state => displayHere(state) !== undefined || devboxTarget(state) !== undefined,
    keys: ['o'],
    title: 'open its desktop on the whole terminal',
    footer: 'desktop',
    on: ['home', 'devboxes', 'devbox', 'sessions', 'displays', 'jobs', 'job'],
    when: lackOfDisplay,
    run: openDisplay,
    cli: state => (lackOfDisplay(state) === undefined ? `boxyard display ${devboxTarget(state)?.name ?? ''}` : undefined),
  },
  deedAction({
    id: 'displays.close',
    keys: ['c'],
    title: 'close it; its desktop goes on',
    footer: 'close',
    on: ['displays'],
    isOfRow: state => displays(state).length > 0,
    danger: 'ask',
    when: state => (displays(state).length > 0 ? undefined : 'There is no open display here.'),
    deeds: state => displays(state).map(closeDeed),
    asks: (_state, names) => `Close the display of ${names}? Whoever looks is sent away; its desktop goes on.`,
  }),
];

export const closeDeed = (job: JobView) => ({do: 'displays.close', devbox: job.devbox?.name ?? job.id, job: job.id}) as const;
