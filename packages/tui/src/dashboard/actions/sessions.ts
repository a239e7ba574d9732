import {isLiveSession, isOpenDisplay} from '../data.ts';
import {chosenRow} from '../pages/detail-rows.ts';
import {detailPages, isDetail, sideJob} from '../panes.ts';
import {cursorOf, devboxTarget, targetOf} from '../rows.ts';
import {memoryOf, placeOf, remember, stay, withEffects, type State, type Step} from '../state.ts';
import {mayChange, type Action} from './action.ts';
import {openDisplay} from './displays.ts';
import {isRunningBox} from './changing.ts';
import {goInto, openDetail} from './pages.ts';

/** The session that the keys are about. */
function sessionOf(state: State): string | undefined {
  const target = targetOf(state);
  return target.is === 'job' && isLiveSession(target.job) ? target.job.id : undefined;
}

/** Every key goes to the session from now on. */
export function take(state: State, job: string): Step {
  return withEffects({...state, mode: {is: 'capture', job}, isMessageShown: false}, {type: 'take', job});
}

/** The default of a row, and never one that destroys: the keyboard of a session, the log of a job, a terminal in a DevBox. */
function enter(state: State): Step {
  const listed = isDetail(placeOf(state).page) ? chosenRow(state) : undefined;
  if (listed !== undefined) return stay(listed.page === undefined ? state : goInto(state, listed.page, listed.id));
  const target = targetOf(state);
  if (target.is === 'job' && isOpenDisplay(target.job)) return openDisplay(state);
  const job = sessionOf(state);
  if (job !== undefined) return mayChange(state, 'run') === undefined ? take(state, job) : openDetail(state);
  if (
    target.is === 'devbox' &&
    placeOf(state).page === 'home' &&
    target.devbox.state === 'running' &&
    mayChange(state, 'run') === undefined
  )
    return withEffects(state, {type: 'open-terminal', devbox: target.devbox.name, name: 'shell'});
  const isNarrow =
    placeOf(state).page === 'home' && sideJob(state) !== undefined && memoryOf(state, 'home').pane === 'list' && state.columns < 100;
  return isNarrow ? stay(remember(state, {pane: 'side'})) : openDetail(state);
}

export const sessionActions: readonly Action[] = [
  {
    id: 'enter',
    isOfRow: () => true,
    keys: ['enter'],
    title: 'take its keyboard, or open it',
    footer: 'open',
    on: ['home', 'devboxes', 'jobs', 'sessions', 'workers', 'clusters', 'roles', 'webhooks', 'plugins', 'displays', 'grid', ...detailPages],
    when: state => (cursorOf(state) === undefined && placeOf(state).subject === undefined ? 'There is nothing here.' : undefined),
    run: enter,
  },
  {
    id: 'terminal',
    isOfRow: state => devboxTarget(state) !== undefined,
    keys: ['t'],
    title: 'open a terminal in the DevBox, or come back to it',
    footer: 'terminal',
    on: ['home', 'devboxes', 'devbox', 'sessions', 'displays'],
    when: state => mayChange(state, 'run') ?? isRunningBox(state),
    run: state => withEffects(state, {type: 'open-terminal', devbox: devboxTarget(state)!.name, name: 'shell'}),
    cli: state => (isRunningBox(state) === undefined ? `boxyard terminal ${devboxTarget(state)!.name}` : undefined),
  },
  {
    id: 'attach',
    isOfRow: state => sessionOf(state) !== undefined,
    keys: ['T'],
    title: 'the whole terminal for this session',
    on: ['home', 'sessions', 'grid', 'job'],
    when: state => (sessionOf(state) === undefined ? 'There is no session here.' : undefined),
    run: state => withEffects(state, {type: 'attach', job: sessionOf(state)!, isReadonly: mayChange(state, 'run') !== undefined}),
    cli: state => (sessionOf(state) === undefined ? undefined : `boxyard terminal ${sessionOf(state)}`),
  },
  {
    id: 'zoom',
    keys: ['+', 'Z'],
    title: 'one pane on the whole screen',
    footer: 'zoom',
    on: ['grid', 'home'],
    run: state => stay(placeOf(state).page === 'home' ? {...remember(state, {pane: 'side'}), zoomed: true} : {...state, zoomed: true}),
  },
  {
    id: 'unzoom',
    keys: ['_'],
    title: 'all panes again',
    on: ['grid', 'home'],
    run: state => stay({...remember(state, {pane: 'list'}), zoomed: false}),
  },
];
