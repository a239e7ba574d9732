import {nearest} from '../cli/suggest.ts';
import {actionsOf} from './actions/registry.ts';
import {goTo} from './actions/pages.ts';
import type {Deed} from './deeds.ts';
import type {Prompt} from './modes.ts';
import {pageNames, type PageName} from './places.ts';
import {remember, said, stay, withEffects, type State, type Step} from './state.ts';
import {cursorOf} from './rows.ts';
import {toMatch} from './log-lines.ts';
import {splitWords} from './words.ts';

/** The sign in front of what is typed. */
export function promptText(prompt: Prompt): string {
  switch (prompt.asks) {
    case 'command':
      return ':';
    case 'filter':
      return '/';
    case 'search':
      return 'search: ';
    case 'run':
      return 'run: ';
    case 'pull':
      return 'pull image: ';
    case 'exec':
      return `run in ${prompt.devbox}: `;
    case 'snapshot':
      return `image of ${prompt.devbox}, named: `;
    case 'label':
      return `labels of ${prompt.worker}: `;
    case 'role':
      return `run ${prompt.cluster}/${prompt.role}; what to do, empty for its own prompt: `;
    case 'setting':
      return `${prompt.key}: `;
  }
}

/** While it is typed: a filter works at once. */
export const whileTyping = (state: State, prompt: Prompt, text: string): State =>
  prompt.asks === 'filter' ? remember(state, {filter: text, cursor: undefined}) : state;

/** Whoever looked for something keeps the cursor on it when the filter goes. */
const onFound = (state: State): State => remember(state, {cursor: cursorOf(state)});

/** What escape does with it: a filter goes, and what was found stays under the cursor. */
export const givenUp = (state: State, prompt: Prompt): State => (prompt.asks === 'filter' ? remember(onFound(state), {filter: ''}) : state);

/** What enter does with it. */
export function answered(state: State, prompt: Prompt, text: string): Step {
  const given = text.trim();
  if (prompt.asks === 'filter') return stay(onFound(remember(state, {filter: given})));
  if (prompt.asks === 'search') return stay({...state, log: toMatch({...state.log, search: given}, -1)});
  if (prompt.asks === 'command') return obey(state, given);
  if (given === '' && prompt.asks !== 'setting' && prompt.asks !== 'role') return stay(state);
  return withEffects(state, {type: 'deed', deed: deedOf(prompt, given)});
}

function deedOf(prompt: Prompt, text: string): Deed {
  switch (prompt.asks) {
    case 'exec':
      return {do: 'exec', devbox: prompt.devbox, command: commandOf(text)};
    case 'snapshot':
      return {do: 'devboxes.snapshot', devbox: prompt.devbox, image: text};
    case 'label':
      return {do: 'workers.label', worker: prompt.worker, labels: text.split(/\s+/)};
    case 'role':
      return {do: 'clusters.run', cluster: prompt.cluster, role: prompt.role, prompt: text === '' ? undefined : text};
    case 'setting':
      return {do: 'config.set', key: prompt.key, value: text};
    case 'pull':
      return {do: 'images.pull', ref: text};
    default:
      return {do: 'run', command: commandOf(text)};
  }
}

/** Plain words as they are; anything a shell would understand goes to a shell. */
export const commandOf = (text: string): readonly string[] =>
  /^[\w\s./:=@%+,-]+$/.test(text) ? text.trim().split(/\s+/) : ['sh', '-c', text];

const aliases: Readonly<Record<string, PageName>> = {
  d: 'devboxes',
  devbox: 'devboxes',
  boxes: 'devboxes',
  j: 'jobs',
  job: 'jobs',
  w: 'workers',
  worker: 'workers',
  s: 'sessions',
  session: 'sessions',
  terminals: 'sessions',
  c: 'clusters',
  cluster: 'clusters',
  role: 'roles',
  webhook: 'webhooks',
  hooks: 'webhooks',
  plugin: 'plugins',
  display: 'displays',
  desktops: 'displays',
  i: 'images',
  image: 'images',
  e: 'events',
  log: 'commands',
  config: 'settings',
};
const pages: readonly PageName[] = pageNames.slice(0, pageNames.indexOf('devbox'));

/** `:jobs`, `:jobs failed` with a filter, `:run make`, or the name of an action. */
function obey(state: State, text: string): Step {
  const [word = '', ...rest] = text.split(/\s+/);
  if (word === '') return stay(state);
  if (text.startsWith('!')) return commandLine(state, text.slice(1));
  if (word === 'q' || word === 'quit') return withEffects(state, {type: 'quit'});
  const page = pages.find(name => name === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined);
  if (page !== undefined) {
    const there = goTo(state, page);
    return stay(rest.length === 0 ? there : remember(there, {filter: rest.join(' ')}));
  }
  if (word === 'run' && rest.length > 0) return withEffects(state, {type: 'deed', deed: {do: 'run', command: commandOf(text.slice(4))}});
  const here = actionsOf(state);
  const action = here.find(each => each.id === word);
  if (action === undefined) {
    const near = nearest(word, [...pages, ...Object.keys(aliases), ...here.map(each => each.id), 'run', 'quit']);
    return stay(said(state, `Unknown: ${word}.${near === undefined ? ' ? shows what there is.' : ` Did you mean ${near}?`}`));
  }
  const refusal = action.when?.(state);
  return refusal === undefined ? action.run(state) : stay(said(state, refusal));
}

/** Whatever else the command line does: in the terminal itself, with its questions and its progress. */
function commandLine(state: State, text: string): Step {
  const words = splitWords(text);
  if (words === undefined) return stay(said(state, 'A quote is left open.'));
  if (state.isReadOnly) return stay(said(state, 'The dashboard is open with --read-only.'));
  return withEffects(state, {type: 'cli', words: words[0] === 'boxyard' ? words.slice(1) : words});
}

/** What can follow what is typed behind the colon. */
export const completions = (state: State, text: string): readonly string[] =>
  text === ''
    ? []
    : [...pages, ...actionsOf(state).map(({id}) => id), 'run', 'quit'].filter(name => name.startsWith(text) && name !== text);
