import {emptyLine, lineWith} from '../line.ts';
import type {PageName} from '../places.ts';
import {askingIds} from '../pages/home.ts';
import {isTable, tables} from '../pages/tables.ts';
import {cursorOf, rowsOf, targetOf, thingOf} from '../rows.ts';
import {memoryOf, placeOf, remember, said, stay, withEffects, type State, type Step} from '../state.ts';
import {detailPages, tabsOf} from '../panes.ts';
import {fitted, markWidth} from '../pages/columns.ts';
import type {Action} from './action.ts';
import {copyChoices} from './copying.ts';
import {unmarked} from './marking.ts';

/** A page by its name from anywhere: the way back leads to Home. */
export const goTo = (state: State, page: PageName): State => ({
  ...(memoryOf(state).range === undefined ? state : remember(state, {range: undefined})),
  places: page === 'home' ? [{page}] : [{page: 'home'}, {page}],
  isMessageShown: false,
});

export const goInto = (state: State, page: PageName, subject: string): State => ({
  ...remember(state, {top: 0, tab: 0, cursor: undefined}, page),
  places: [...state.places, {page, subject}],
});

/** Closes, clears, goes back: one thing at a time, and never quits. */
export function back(state: State): Step {
  if (state.isMessageShown) return stay({...state, isMessageShown: false});
  if (state.zoomed) return stay({...state, zoomed: false});
  const {filter, marks, pane} = memoryOf(state);
  if (placeOf(state).subject === undefined && pane === 'side') return stay(remember(state, {pane: 'list'}));
  if (placeOf(state).subject === undefined && marks.length > 0) return stay(remember(state, unmarked));
  if (placeOf(state).subject === undefined && filter !== '') return stay(remember(state, {filter: ''}));
  return stay(state.places.length > 1 ? {...state, places: state.places.slice(0, -1)} : state);
}

/** The next that asks, from the cursor on and round; it is shown on Home. */
export function nextAsking(state: State): Step {
  const asking = askingIds(state.data);
  if (asking.length === 0) return stay(state);
  const at = asking.indexOf(placeOf(state).subject ?? cursorOf(state) ?? '');
  const cursor = asking[(at + 1) % asking.length]!;
  const home = state.places.length === 1 ? state : goTo(state, 'home');
  const there = remember(home, {cursor, pane: 'list'}, 'home');
  if (rowsOf(there).indexOf(cursor) >= 0) return stay(there);
  return stay(said(remember(there, {filter: ''}, 'home'), 'The filter is off: it hid what asks.'));
}

const hasAsking = ({data}: State): string | undefined => (askingIds(data).length > 0 ? undefined : 'No session asks for you.');

function sortBy(state: State): Step {
  const {page} = placeOf(state);
  if (!isTable(page)) return stay(state);
  // Those in sight: an order by what is not to be seen looks like none.
  const titles = fitted(tables[page].columns, state.columns - markWidth(state.look)).map(column => column.title);
  const by = memoryOf(state).sort ?? tables[page].order;
  const next = titles[(titles.indexOf(by?.column ?? titles[0]!) + 1) % titles.length]!;
  return stay(remember(state, {sort: {column: next, isReversed: false}}));
}

function reversed(state: State): Step {
  const {page} = placeOf(state);
  if (!isTable(page)) return stay(state);
  const sort = memoryOf(state).sort ?? tables[page].order ?? {column: tables[page].columns[0]!.title, isReversed: false};
  return stay(remember(state, {sort: {...sort, isReversed: !sort.isReversed}}));
}

export function openDetail(state: State): Step {
  const target = targetOf(state);
  if (target.is === 'none' || target.is === 'image') return stay(state);
  const {id} = thingOf(target);
  return placeOf(state).subject === id ? stay(state) : stay(goInto(state, target.is, id));
}

const hasDetail = (state: State): string | undefined => {
  const {is} = targetOf(state);
  return is === 'none' || is === 'image' ? 'There is nothing to open here.' : undefined;
};

const numbered: readonly (readonly [string, PageName, string])[] = [
  ['1', 'home', 'Home'],
  ['2', 'devboxes', 'DevBoxes'],
  ['3', 'jobs', 'Jobs'],
  ['4', 'sessions', 'Sessions'],
  ['5', 'workers', 'Workers'],
  ['6', 'images', 'Images'],
  ['7', 'events', 'Events'],
  ['8', 'messages', 'Messages'],
  ['9', 'settings', 'Settings'],
];

const prompt = (state: State, asks: 'command' | 'filter', text = ''): Step =>
  stay({...state, mode: {is: 'prompt', prompt: {asks}, line: lineWith(text)}});

export const pageActions: readonly Action[] = [
  ...numbered.map(([key, page, title]): Action => ({id: page, keys: [key], title, on: ['any'], run: state => stay(goTo(state, page))})),
  {id: 'clusters', keys: ['0'], title: 'Clusters', on: ['any'], run: state => stay(goTo(state, 'clusters'))},
  {id: 'roles', keys: [], title: 'Roles of clusters', on: ['any'], run: state => stay(goTo(state, 'roles'))},
  {id: 'webhooks', keys: [], title: 'Webhooks', on: ['any'], run: state => stay(goTo(state, 'webhooks'))},
  {id: 'plugins', keys: [], title: 'Plugins: engines and reporters', on: ['any'], run: state => stay(goTo(state, 'plugins'))},
  {id: 'displays', keys: ['V'], title: 'Displays: desktops side by side', on: ['any'], run: state => stay(goTo(state, 'displays'))},
  {id: 'grid', keys: ['#'], title: 'Live terminals side by side', on: ['any'], run: state => stay(goTo(state, 'grid'))},
  {id: 'commands', keys: ['@'], title: 'Commands that do the same', on: ['any'], run: state => stay(goTo(state, 'commands'))},
  {
    id: 'next-asking',
    keys: [' '],
    title: 'next session that asks',
    footer: 'next ask',
    on: ['home', 'grid', 'job', 'devbox'],
    when: hasAsking,
    run: nextAsking,
  },
  {id: 'sort', keys: ['s'], title: 'order by the next column', footer: 'sort', on: ['list'], run: sortBy},
  {id: 'reverse', keys: ['S'], title: 'reverse the order', on: ['list'], run: reversed},
  {
    id: 'details',
    keys: ['d'],
    title: 'all about it',
    footer: 'details',
    on: ['home', 'list'],
    isOfRow: state => hasDetail(state) === undefined,
    when: hasDetail,
    run: openDetail,
  },
  {
    id: 'tab',
    keys: [']', 'tab'],
    title: 'next tab',
    footer: 'tab',
    on: detailPages,
    run: state => stay(remember(state, {tab: memoryOf(state).tab + 1, top: 0})),
  },
  {
    id: 'tab-before',
    keys: ['[', 'shift-tab'],
    title: 'tab before',
    on: detailPages,
    run: state => stay(remember(state, {tab: memoryOf(state).tab + tabsOf(state).length - 1, top: 0})),
  },
  {
    id: 'filter',
    keys: ['/'],
    title: 'filter: text, !without, ~fuzzy, -l label=value',
    footer: 'filter',
    on: ['list', 'home'],
    run: state => prompt(state, 'filter', memoryOf(state).filter),
  },
  {
    id: 'command',
    keys: [':'],
    title: 'go to a page, or do something by its name',
    footer: 'go to',
    on: ['any'],
    run: state => prompt(state, 'command'),
  },
  {
    id: 'command-line',
    keys: ['!'],
    title: 'any command of the command line, such as tokens list',
    on: ['any'],
    run: state => prompt(state, 'command', '!'),
  },
  {
    id: 'palette',
    keys: ['ctrl-p'],
    title: 'find a page, a thing or an action',
    on: ['any'],
    run: state => stay({...state, mode: {is: 'palette', line: emptyLine, at: 0}}),
  },
  {
    id: 'copy',
    keys: ['y'],
    title: 'copy',
    footer: 'copy',
    on: ['any'],
    run: state => stay({...state, mode: {is: 'menu', title: 'Copy', choices: copyChoices(state), at: 0}}),
  },
  {
    id: 'plain',
    keys: ['ctrl-y'],
    title: 'text alone, to select with the mouse',
    on: ['any'],
    run: state => stay({...state, mode: {is: 'copy'}}),
  },
  {
    id: 'mouse',
    keys: ['m'],
    title: 'mouse on or off',
    on: ['any'],
    run: state => withEffects({...state, hasMouse: !state.hasMouse}, {type: 'mouse', isOn: !state.hasMouse}),
  },
  {
    id: 'header',
    keys: ['ctrl-e'],
    title: 'the line at the top, or not',
    on: ['any'],
    run: state => stay({...state, hasHeader: !state.hasHeader}),
  },
  {id: 'screenshot', keys: [], title: 'save what is on the screen', on: ['any'], run: state => withEffects(state, {type: 'screenshot'})},
  {id: 'refresh', keys: ['R'], title: 'read everything anew', on: ['any'], run: state => withEffects(state, {type: 'reload'})},
  {id: 'repaint', keys: ['ctrl-l'], title: 'draw the screen anew', on: ['any'], run: state => withEffects(state, {type: 'repaint'})},
  {
    id: 'suspend',
    keys: ['ctrl-z'],
    title: 'back to the shell for a while',
    on: ['any'],
    run: state => withEffects(state, {type: 'suspend'}),
  },
  {
    id: 'help',
    keys: ['?'],
    title: 'help',
    footer: 'help',
    on: ['any'],
    run: state => stay({...state, mode: {is: 'help', line: emptyLine, top: 0}}),
  },
  {id: 'back', keys: ['escape'], title: 'back; it never quits', on: ['any'], run: back},
  {
    id: 'quit',
    keys: ['q'],
    title: 'back, and quit from Home',
    footer: 'quit',
    on: ['any'],
    run: state => (state.places.length > 1 ? back(state) : withEffects(state, {type: 'quit'})),
  },
];
