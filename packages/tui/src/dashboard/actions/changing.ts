import type {DevBoxView, JobView} from '@boxyard/core/api';
import {terminalName} from '../../output/views/terminals.ts';
import {isLiveSession, isOpenDisplay} from '../data.ts';
import type {Deed} from '../deeds.ts';
import {devboxForm} from '../forms.ts';
import {emptyLine} from '../line.ts';
import type {Prompt} from '../modes.ts';
import {devboxTarget, targetIds, targetOf} from '../rows.ts';
import {stay, type State, type Step} from '../state.ts';
import {deedAction, mayChange, type Action} from './action.ts';
import {closeDeed} from './displays.ts';

export const ask = (state: State, prompt: Prompt): Step => stay({...state, mode: {is: 'prompt', prompt, line: emptyLine}});

/** The DevBoxes that a key is about: those marked or under the cursor, or that of the session there. */
function boxes(state: State): readonly DevBoxView[] {
  const found = targetIds(state).flatMap(id => {
    const target = targetOf(state, id);
    if (target.is === 'devbox') return [target.devbox];
    return target.is === 'job' && target.job.devbox !== undefined ? (state.data.devboxes.get(target.job.devbox.id) ?? []) : [];
  });
  return [...new Set(found)];
}

const jobs = (state: State): readonly JobView[] => targetIds(state).flatMap(id => state.data.jobs.get(id) ?? []);

const ofBoxes = (state: State): boolean => boxes(state).length > 0;
const ofJobs = (state: State): boolean => jobs(state).length > 0;

/** The first of them that it cannot be done to says why. */
export const unless =
  <T>(of: (state: State) => readonly T[], none: string, reason: (item: T) => string | undefined) =>
  (state: State): string | undefined => {
    const items = of(state);
    return items.length === 0 ? none : items.map(reason).find(why => why !== undefined);
  };

/** With some marked, only those that it can be done to count; it says why where there are none. */
const someOf = <T>(of: (state: State) => readonly T[], none: string, reason: (item: T) => string | undefined) => {
  const able = (state: State): readonly T[] => of(state).filter(item => reason(item) === undefined);
  return {able, when: (state: State) => (able(state).length > 0 ? undefined : unless(of, none, reason)(state))};
};

const isIn = (states: readonly DevBoxView['state'][], {name, state}: DevBoxView): string | undefined =>
  states.includes(state) ? undefined : `${name} is ${state}.`;

export const mayRun = (state: State): string | undefined => mayChange(state, 'run');

const boxPages = ['home', 'devboxes', 'devbox', 'sessions', 'displays'] as const;

const noBox = 'There is no DevBox here.';
const startable = someOf(boxes, noBox, box => isIn(['stopped', 'failed'], box));
const stoppable = someOf(boxes, noBox, box => isIn(['running', 'setting-up'], box));
const removable = someOf(boxes, noBox, box => (box.removesAt === undefined ? undefined : `${box.name} is being removed; z or K keeps it.`));
const restorable = someOf(boxes, noBox, box => (box.removesAt === undefined ? `${box.name} is not being removed.` : undefined));

export const devboxActions: readonly Action[] = [
  {
    id: 'devboxes.create',
    keys: ['n'],
    title: 'new DevBox',
    footer: 'new DevBox',
    on: ['home', 'devboxes'],
    when: mayRun,
    run: state => stay({...state, mode: {is: 'form', form: devboxForm(state)}}),
  },
  deedAction({
    id: 'devboxes.start',
    keys: ['u'],
    title: 'start (up)',
    on: boxPages,
    isOfRow: ofBoxes,
    when: startable.when,
    deeds: state => startable.able(state).map(box => ({do: 'devboxes.start', devbox: box.name})),
  }),
  deedAction({
    id: 'devboxes.stop',
    keys: ['O'],
    title: 'stop (off); u starts it again',
    on: boxPages,
    isOfRow: ofBoxes,
    danger: 'ask',
    when: stoppable.when,
    deeds: state => stoppable.able(state).map(box => ({do: 'devboxes.stop', devbox: box.name})),
    asks: (state, names) => `Stop ${names}? ${runningIn(state)}Files stay.`,
  }),
  deedAction({
    id: 'devboxes.remove',
    keys: ['D', 'delete'],
    title: 'remove; z brings it back for ten minutes',
    on: boxPages,
    isOfRow: ofBoxes,
    danger: 'undo',
    when: removable.when,
    deeds: state => removable.able(state).map(box => ({do: 'devboxes.remove', devbox: box.name})),
  }),
  deedAction({
    id: 'devboxes.remove-now',
    keys: ['ctrl-x'],
    title: 'remove at once, for good',
    on: boxPages,
    isOfRow: ofBoxes,
    danger: 'name',
    when: unless(boxes, noBox, () => undefined),
    deeds: state => boxes(state).map(box => ({do: 'devboxes.remove-now', devbox: box.name})),
    asks: (_state, names) => `Remove ${names} for good, files and all?`,
  }),
  deedAction({
    id: 'devboxes.restore',
    keys: ['K'],
    title: 'keep after all',
    on: boxPages,
    isOfRow: ofBoxes,
    when: restorable.when,
    deeds: state => restorable.able(state).map(box => ({do: 'devboxes.restore', devbox: box.name})),
  }),
  {
    id: 'exec',
    keys: ['e'],
    title: 'run a command in it, in the background',
    on: boxPages,
    isOfRow: ofBoxes,
    when: state => mayRun(state) ?? unless(boxes, noBox, box => isIn(['running'], box))(state),
    run: state => ask(state, {asks: 'exec', devbox: boxes(state)[0]!.name}),
  },
  {
    id: 'snapshot',
    keys: ['I'],
    title: 'make an image of it',
    on: boxPages,
    isOfRow: ofBoxes,
    when: state => mayRun(state) ?? unless(boxes, noBox, box => isIn(['running', 'stopped'], box))(state),
    run: state => ask(state, {asks: 'snapshot', devbox: boxes(state)[0]!.name}),
  },
];

const runningIn = (state: State): string => {
  const names = new Set(boxes(state).map(box => box.id));
  const count = [...state.data.jobs.values()].filter(
    job => job.kind === 'exec' && job.state !== 'ended' && names.has(job.devbox?.id ?? ''),
  ).length;
  return count === 0 ? '' : `What runs in it ends (${count}). `;
};

const jobPages = ['home', 'jobs', 'job', 'sessions', 'grid'] as const;
const isLive = (job: JobView): string | undefined => (job.state === 'ended' ? 'This job has ended.' : undefined);

const cancelDeed = (job: JobView): Deed =>
  isLiveSession(job)
    ? {do: 'terminals.close', terminal: terminalName(job)}
    : isOpenDisplay(job)
      ? closeDeed(job)
      : {do: 'jobs.cancel', job: job.id};

const cancellable = someOf(jobs, 'There is no job here.', isLive);
const retriable = someOf(jobs, 'There is no job here.', job => (job.state === 'ended' ? undefined : 'It has not ended yet.'));

export const jobActions: readonly Action[] = [
  {
    id: 'run',
    keys: ['r'],
    title: 'run a command on any worker',
    footer: 'run',
    on: ['home', 'jobs'],
    when: mayRun,
    run: state => ask(state, {asks: 'run'}),
  },
  deedAction({
    id: 'jobs.cancel',
    keys: ['c'],
    title: 'cancel the job, close the terminal',
    footer: 'cancel',
    on: jobPages,
    isOfRow: ofJobs,
    danger: 'ask',
    when: cancellable.when,
    deeds: state => cancellable.able(state).map(cancelDeed),
    asks: (_state, names) => `End ${names.startsWith('j-') ? names.slice(0, 10) : names}? What it does is given up.`,
  }),
  deedAction({
    id: 'jobs.retry',
    keys: ['a'],
    title: 'do it again',
    on: ['home', 'jobs', 'job'],
    isOfRow: ofJobs,
    when: retriable.when,
    deeds: state => retriable.able(state).map(job => ({do: 'jobs.retry', job: job.id})),
  }),
];

export const settingActions: readonly Action[] = [
  {
    id: 'config.set',
    keys: ['enter', 'e'],
    title: 'change it',
    footer: 'change',
    on: ['settings'],
    isOfRow: () => true,
    when: state => mayChange(state, 'own'),
    run: state => {
      const setting = state.settings.find(({key}) => key === targetIds(state)[0]);
      return setting === undefined ? stay(state) : ask(state, {asks: 'setting', key: setting.key});
    },
  },
];

export const undoAction: Action = {
  id: 'undo',
  keys: ['z'],
  title: 'undo the last change that can be undone',
  on: ['any'],
  when: state => mayRun(state) ?? (state.undo.length === 0 ? 'There is nothing to undo.' : undefined),
  run: state => ({
    state: {...state, undo: state.undo.slice(0, -1)},
    effects: state.undo.at(-1)!.map(({deed}) => ({type: 'deed', deed, isUndo: true})),
  }),
};

export const isRunningBox = (state: State): string | undefined => {
  const box = devboxTarget(state);
  return box === undefined ? noBox : isIn(['running'], box);
};
