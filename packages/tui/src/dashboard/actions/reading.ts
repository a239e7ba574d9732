import {emptyLine} from '../line.ts';
import {emptied, follow, hold, linesOf, reread, toMatch, type Log} from '../log-lines.ts';
import {stay, type State, type Step} from '../state.ts';
import type {Action} from './action.ts';

const withLog = (state: State, change: (log: Log) => Log): Step => stay({...state, log: change(state.log)});

function hasSearch(state: State): string | undefined {
  return state.log.search === '' ? 'Nothing is searched for: / or ctrl-r.' : undefined;
}

const nameOf = ({log}: State): string => `${(log.job ?? 'log').slice(0, 10)}.log`;

/** What keys do with a log that is in sight. */
export const logActions: readonly Action[] = [
  {
    id: 'pause',
    keys: ['p'],
    title: 'let the log rest, or go on with what comes',
    footer: 'pause',
    on: ['log'],
    run: state => withLog(state, log => (log.held === undefined ? hold(log) : follow(log))),
  },
  {
    id: 'follow',
    keys: ['f'],
    title: 'the newest of the log, and what comes',
    footer: 'follow',
    on: ['log'],
    run: state => withLog(state, follow),
  },
  {
    id: 'wrap',
    keys: ['w'],
    title: 'wrap long lines of a log',
    footer: 'wrap',
    on: ['log'],
    run: state => withLog(state, log => ({...log, isWrapped: !log.isWrapped})),
  },
  {
    id: 'times',
    keys: ['ctrl-t'],
    title: 'when each line came (UTC), or not',
    on: ['log'],
    // It is read anew, each line with its time.
    run: state => withLog(state, log => ({...reread(log), isTimed: !log.isTimed})),
  },
  {
    id: 'clear',
    keys: ['C'],
    title: 'an empty screen for what comes; the server keeps the log',
    on: ['log'],
    run: state => withLog(state, emptied),
  },
  {
    id: 'search',
    keys: ['/', 'ctrl-r'],
    title: 'search in the log',
    footer: 'search',
    on: ['log'],
    run: state => stay({...state, mode: {is: 'prompt', prompt: {asks: 'search'}, line: emptyLine}}),
  },
  {
    id: 'older-match',
    keys: ['N'],
    title: 'older match',
    on: ['log'],
    when: hasSearch,
    run: state => withLog(state, log => toMatch(log, -1)),
  },
  {
    id: 'newer-match',
    keys: ['n', 'ctrl-n'],
    title: 'newer match',
    on: ['log'],
    when: hasSearch,
    run: state => withLog(state, log => toMatch(log, 1)),
  },
  {
    id: 'save-log',
    keys: ['ctrl-s'],
    title: 'save the log to a file',
    footer: 'save',
    on: ['log'],
    run: state => ({state, effects: [{type: 'save', name: nameOf(state), text: `${linesOf(state.log).join('\n')}\n`}]}),
  },
];
