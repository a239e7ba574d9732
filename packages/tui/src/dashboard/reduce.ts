import type {JobView} from '@boxyard/core/api';
import {goTo, nextAsking} from './actions/pages.ts';
import {take} from './actions/sessions.ts';
import {changed, withEvents, isLiveSession} from './data.ts';
import {onKey, onPaste} from './reduce-keys.ts';
import {onPointer} from './pointer.ts';
import {appendLog, inSight} from './log-lines.ts';
import {terminalName} from '../output/views/terminals.ts';
import {isTable, tables} from './pages/tables.ts';
import {cursorOf, rowsOf, type Rows} from './rows.ts';
import {
  memoryOf,
  nextBatch,
  placeOf,
  remember,
  said,
  stay,
  withEffects,
  type CommandLine,
  type Event,
  type State,
  type Step,
} from './state.ts';
import {followedJob} from './panes.ts';
import {themeNames, type ThemeName} from './theme.ts';

const noticeMs = 4_000;
const mostCommands = 200;

/** The next state, and what has to be done in the world. Pure. */
export function reduce(state: State, event: Event): Step {
  const {state: next, effects} = step(state, event);
  // Its lines come as `log` events.
  const log = inSight(next.log, followedJob(next));
  return {state: log === next.log ? next : {...next, log}, effects};
}

function step(state: State, event: Event): Step {
  switch (event.type) {
    case 'key':
      return onKey(state, event.key);
    case 'paste':
      return onPaste(state, event.text);
    case 'pointed':
      return onPointer(state, event);
    case 'leader':
      return onLeader(state, event.command);
    case 'opened':
      return onOpened(state, event.job);
    default:
      return stay(onWorld(state, event));
  }
}

type World = Exclude<Event, {type: 'key' | 'paste' | 'pointed' | 'leader' | 'opened'}>;

function onWorld(state: State, event: World): State {
  switch (event.type) {
    case 'resized':
      return {...state, columns: event.columns, rows: event.rows};
    case 'ticked':
      return ticked(state, event.now);
    case 'link': {
      const since = state.link.status === event.status ? state.link.since : state.now;
      return {...state, link: {status: event.status, since, ...(event.why === undefined ? {} : {why: event.why})}};
    }
    case 'who':
      return {...state, who: event.who};
    case 'told':
      return told(state, event);
    case 'unread':
      return {...state, unread: event.why === undefined ? undefined : {why: event.why, since: state.unread?.since ?? state.now}};
    case 'sent':
      return {...state, sent: event.sent};
    case 'figures':
      return {...state, figures: event.figures};
    case 'background':
      return withSettings({...state, background: event.is}, state.settings);
    case 'settings':
      return withSettings(state, event.settings);
    case 'log':
      return event.job === state.log.job ? {...state, log: appendLog(state.log, event.text)} : state;
    case 'said':
      return said(state, event.text, event.isError);
    case 'done':
      return done(state, event);
    case 'watched':
      return {...state, watched: {...state.watched, [event.job]: event.watchers}};
    case 'screen':
      return screenSaid(state, event);
  }
}

/** Whoever types is told at once that it went to another viewer, and that it came back. */
function screenSaid(state: State, {job, note}: Extract<World, {type: 'screen'}>): State {
  const before = state.screens[job]?.controls;
  const next: State = {...state, screens: {...state.screens, [job]: note}};
  if (state.mode.is !== 'capture' || state.mode.job !== job || note.is !== 'live' || note.controls === undefined) return next;
  const isTaken = !note.controls && (before === true || state.mode.isTaken === true);
  return {...next, mode: {...state.mode, isTaken}};
}

/** A setting that was changed counts at once. */
function withSettings(state: State, settings: State['settings']): State {
  const valueOf = (all: State['settings'], name: string) => all.find(({key}) => key === name)?.value;
  const mouse = valueOf(settings, 'mouse');
  const isMouseNew = state.settings.length > 0 && mouse !== valueOf(state.settings, 'mouse');
  return {
    ...state,
    settings,
    look: {...state.look, theme: themeOf(settings, state.background)},
    leader: valueOf(settings, 'leader') ?? state.leader,
    hasMouse: isMouseNew ? mouse === 'on' : state.hasMouse,
  };
}

/** What a person chose; where they chose nothing, on a light terminal the one for those: green and yellow are pale there. */
function themeOf(settings: State['settings'], background: State['background']): ThemeName {
  const setting = settings.find(({key}) => key === 'theme');
  const isChosen = setting !== undefined && setting.origin !== 'default';
  return !isChosen && background === 'light' ? 'light' : (themeNames.find(name => name === setting?.value) ?? 'terminal');
}

/** A message goes by itself; an error stays until it was seen. */
function ticked(state: State, now: number): State {
  const last = state.messages.at(-1);
  const isOld = last !== undefined && !last.isError && now - last.at > noticeMs;
  return {...state, now, isMessageShown: state.isMessageShown && !isOld};
}

function told(state: State, {changes, events}: Extract<World, {type: 'told'}>): State {
  const data = changes.reduce(changed, state.data);
  const kept = keepCursor(state, {...state, data: events === undefined ? data : withEvents(data, events)});
  const next = onExpected(kept);
  if (next.mode.is !== 'capture') return next;
  const job = data.jobs.get(next.mode.job);
  return job !== undefined && !isLiveSession(job) ? said({...next, mode: {is: 'over'}}, 'The session has ended.') : next;
}

/**
 * What is told never puts another thing under the cursor while there is this one; where it is gone, the cursor goes to what
 * stood next to it. A log's cursor is at its newest until it was moved.
 */
function keepCursor(before: State, after: State): State {
  const {page, subject} = placeOf(before);
  const isFollowing = isTable(page) && tables[page].isLog && memoryOf(before).cursor === undefined;
  const cursor = cursorOf(before);
  if (subject !== undefined || isFollowing || cursor === undefined) return after;
  const kept = nearestLeft(rowsOf(before), rowsOf(after), cursor);
  return kept === memoryOf(before).cursor ? after : remember(after, {cursor: kept});
}

/** Who made a DevBox goes on with that. */
function onExpected(state: State): State {
  const {expected, mode, data} = state;
  const box = expected === undefined ? undefined : [...data.devboxes.values()].find(({name}) => name === expected);
  if (box === undefined) return state;
  const there: State = {...state, expected: undefined};
  const {page} = placeOf(state);
  if (mode.is !== 'normal' || (page !== 'home' && page !== 'devboxes')) return there;
  const moved = remember(there, {cursor: box.id});
  return rowsOf(moved).indexOf(box.id) < 0 ? there : moved;
}

/** It itself, else the next below it that is left, else the one above. */
function nearestLeft(before: Rows, after: Rows, cursor: string): string | undefined {
  if (after.indexOf(cursor) >= 0) return cursor;
  const left = new Set(after.ids);
  const {ids} = before;
  const at = before.indexOf(cursor);
  return ids.slice(at).find(id => left.has(id)) ?? ids.slice(0, at).findLast(id => left.has(id));
}

function done(state: State, {line, isError, text}: Extract<World, {type: 'done'}>): State {
  const outcome: CommandLine['outcome'] = isError ? 'failed' : 'done';
  const at = state.commands.findLastIndex(command => command.line === line && command.outcome === 'sent');
  const commands =
    at < 0
      ? [...state.commands, {at: state.now, line, batch: nextBatch(state), outcome}]
      : state.commands.map((command, i) => (i === at ? {...command, outcome} : command));
  // What was not done is not to be taken back.
  const undo = isError ? state.undo.map(undos => undos.filter(each => each.line !== line)).filter(undos => undos.length > 0) : state.undo;
  const next = {...state, commands: commands.slice(-mostCommands), undo};
  return text === undefined ? next : said(next, text, isError);
}

/** A terminal that was asked for is there: its keyboard is ours at once, unless the keys mean something else by now. */
function onOpened(before: State, job: JobView): Step {
  const state = {...before, data: changed(before.data, {list: 'jobs', items: [job]})};
  if (state.mode.is !== 'normal') return stay(said(state, `${terminalName(job)} is open; it waits for you.`));
  const home = placeOf(state).page === 'home' ? state : goTo(state, 'home');
  return take(remember(home, {cursor: job.id, filter: ''}, 'home'), job.id);
}

function onLeader(state: State, command: Extract<Event, {type: 'leader'}>['command']): Step {
  if (state.mode.is !== 'capture') return stay(state);
  const {job} = state.mode;
  const free: State = {...state, mode: {is: 'normal'}, zoomed: false};
  switch (command) {
    case 'leave':
      return stay(free);
    case 'next': {
      const {state: next} = nextAsking(free);
      const asking = memoryOf(next, 'home').cursor;
      return asking !== undefined && asking !== job && isAsking(next, asking) ? take(next, asking) : stay(next);
    }
    case 'take':
      return withEffects(state, {type: 'take', job});
    case 'zoom':
      return stay({...state, zoomed: !state.zoomed});
    case 'help':
      return stay(said(state, `${state.leader}: d leave · space next that asks · z zoom · t type here · ${state.leader} sends it`));
  }
}

const isAsking = (state: State, id: string): boolean => state.data.jobs.get(id)?.session?.attention.is === 'asks';
