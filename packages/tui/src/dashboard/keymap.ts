import {selectedIn, type State} from './state.ts';

/** One thing a key does. Footer, help and reducer read this table, so they cannot differ. */
export interface Binding {
  readonly id: Action;
  readonly keys: readonly string[];
  readonly title: string;
  /** In the footer too, as far as there is room. */
  readonly isShown: boolean;
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
  {id: 'run', keys: ['r'], title: 'run', isShown: true},
  {id: 'start-stop', keys: ['s'], title: 'start/stop DevBox', isShown: true, refusal: needsDevBox},
  {id: 'cancel', keys: ['c'], title: 'cancel job', isShown: true, refusal: needsJob},
  {id: 'command', keys: [':'], title: 'command', isShown: true},
  {id: 'next-pane', keys: ['tab', 'right', 'l'], title: 'next pane', isShown: true},
  {id: 'previous-pane', keys: ['shift-tab', 'left', 'h'], title: 'previous pane', isShown: false},
  {id: 'up', keys: ['up', 'k'], title: 'up', isShown: false},
  {id: 'down', keys: ['down', 'j'], title: 'down', isShown: false},
  {id: 'first', keys: ['g', 'home'], title: 'first', isShown: false},
  {id: 'last', keys: ['G', 'end'], title: 'last', isShown: false},
  {id: 'open', keys: ['enter', '+'], title: 'whole screen', isShown: true},
  {id: 'back', keys: ['escape', '_'], title: 'back', isShown: false},
  {id: 'help', keys: ['?'], title: 'help', isShown: true},
  {id: 'quit', keys: ['q'], title: 'quit', isShown: true},
  {id: 'leave', keys: ['ctrl-c'], title: 'quit (twice)', isShown: false},
];

export const bindingOf = (key: string): Binding | undefined => keymap.find(binding => binding.keys.includes(key));

export const footerText = (): string =>
  keymap
    .filter(binding => binding.isShown)
    .map(binding => `${binding.keys[0]} ${binding.title}`)
    .join('  ');
