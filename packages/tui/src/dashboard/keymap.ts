import {selectedIn, type State} from './state.ts';

/** One thing a key does. Footer, help and reducer read this table, so they cannot differ. */
export interface Binding {
  readonly id: Action;
  readonly keys: readonly string[];
  readonly title: string;
  /** In the footer too, in a word: all of them fit into 80 columns. */
  readonly footer?: string;
  /** Why it cannot be done now; undefined where it can. */
  readonly refusal?: (state: State) => string | undefined;
}

export type Action =
  | 'up'
  | 'down'
  | 'first'
  | 'last'
  | 'next-pane'
  | 'previous-pane'
  | 'open'
  | 'back'
  | 'run'
  | 'start-stop'
  | 'cancel'
  | 'command'
  | 'help'
  | 'quit'
  | 'leave';

const needsDevBox = (state: State) => {
  const box = selectedIn(state, 'devboxes');
  if (box === undefined) return 'There is no DevBox.';
  return box.state === 'running' || box.state === 'stopped' ? undefined : `${box.name} is ${box.state}.`;
};

const needsJob = (state: State) => {
  const job = selectedIn(state, 'jobs');
  if (job === undefined) return 'There is no job.';
  return job.state === 'ended' ? 'This job has ended.' : undefined;
};

export const keymap: readonly Binding[] = [
  {id: 'run', keys: ['r'], title: 'run', footer: 'run'},
  {id: 'start-stop', keys: ['s'], title: 'start/stop DevBox', footer: 'start/stop', refusal: needsDevBox},
  {id: 'cancel', keys: ['c'], title: 'cancel job', footer: 'cancel', refusal: needsJob},
  {id: 'command', keys: [':'], title: 'command', footer: 'command'},
  {id: 'next-pane', keys: ['tab', 'right', 'l'], title: 'next pane', footer: 'pane'},
  {id: 'previous-pane', keys: ['shift-tab', 'left', 'h'], title: 'previous pane'},
  {id: 'up', keys: ['up', 'k'], title: 'up'},
  {id: 'down', keys: ['down', 'j'], title: 'down'},
  {id: 'first', keys: ['g', 'home'], title: 'first'},
  {id: 'last', keys: ['G', 'end'], title: 'last'},
  {id: 'open', keys: ['enter', '+'], title: 'whole screen', footer: 'zoom'},
  {id: 'back', keys: ['escape', '_'], title: 'back'},
  {id: 'help', keys: ['?'], title: 'help', footer: 'help'},
  {id: 'quit', keys: ['q'], title: 'quit', footer: 'quit'},
  {id: 'leave', keys: ['ctrl-c'], title: 'quit (twice)'},
];

export const bindingOf = (key: string): Binding | undefined => keymap.find(binding => binding.keys.includes(key));

export const footerText = (): string =>
  keymap.flatMap(({keys, footer}) => (footer === undefined ? [] : [`${keys[0]} ${footer}`])).join('  ');
