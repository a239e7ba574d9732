import {nearest} from '../cli/suggest.ts';
import {appendLog} from './log-lines.ts';
import {bindingOf, type Action} from './keymap.ts';
import {listOf, panes, selectedIn, type Event, type ListName, type Pane, type State, type Step} from './state.ts';

const noticeMs = 6_000;

/** The next state, and what has to be done in the world. Pure. */
export function reduce(state: State, event: Event): Step {
  if (event.type === 'key') return onKey(state, event.key);
  const next = onWorld(state, event);
  const job = selectedIn(next, 'jobs')?.id;
  // The log pane shows the job under the cursor, also where that is another one because a list came.
  return event.type === 'jobs' && job !== undefined && job !== next.log.job ? follow(next, job) : {state: next, effects: []};
}

function onWorld(state: State, event: Exclude<Event, {type: 'key'}>): State {
  switch (event.type) {
    case 'resized':
      return {...state, columns: event.columns, rows: event.rows};
    case 'ticked': {
      const isOld = state.notice !== undefined && !state.notice.isError && event.now - state.notice.at > noticeMs;
      return {...state, now: event.now, notice: isOld ? undefined : state.notice};
    }
    case 'link': {
      const since = state.link.status === event.status ? state.link.since : state.now;
      return {...state, link: {status: event.status, since, ...(event.why === undefined ? {} : {why: event.why})}};
    }
    case 'workers':
      return {...state, workers: event.items};
    case 'devboxes':
      return {...state, devboxes: event.items};
    case 'jobs':
      return {...state, jobs: event.items};
    case 'log':
      return event.job === state.log.job ? {...state, log: appendLog(state.log, event.text)} : state;
    case 'said':
      return {...state, notice: {text: event.text, at: state.now, isError: event.isError}};
  }
}

const stay = (state: State): Step => ({state, effects: []});

function onKey(before: State, key: string): Step {
  const state = key === 'ctrl-c' ? before : {...before, isLeaving: false};
  if (key === 'ctrl-c')
    return before.isLeaving
      ? {state, effects: [{type: 'quit'}]}
      : stay({...state, isLeaving: true, prompt: undefined, question: undefined});
  if (state.question !== undefined) return onAnswer(state, key);
  if (state.prompt !== undefined) return onPrompt(state, key);
  if (state.isHelpOpen) return stay({...state, isHelpOpen: false});
  const binding = bindingOf(key);
  if (binding === undefined) return stay(state);
  const refusal = binding.refusal?.(state);
  if (refusal !== undefined) return stay(noted(state, refusal));
  return act(state, binding.id);
}

const noted = (state: State, text: string): State => ({...state, notice: {text, at: state.now, isError: false}});

function act(state: State, action: Action): Step {
  switch (action) {
    case 'up':
      return move(state, -1);
    case 'down':
      return move(state, 1);
    case 'first':
      return move(state, -Infinity);
    case 'last':
      return move(state, Infinity);
    case 'next-pane':
      return stay(turn(state, 1));
    case 'previous-pane':
      return stay(turn(state, -1));
    case 'open':
      return stay({
        ...state,
        zoom: state.focus === 'jobs' && state.zoom === 'jobs' ? 'log' : state.focus,
        focus: state.zoom === 'jobs' ? 'log' : state.focus,
      });
    case 'back':
      return stay({...state, zoom: undefined, notice: undefined});
    case 'run':
      return stay({...state, prompt: {kind: 'run', text: ''}});
    case 'command':
      return stay({...state, prompt: {kind: 'command', text: ''}});
    case 'start-stop':
      return startOrStop(state);
    case 'cancel':
      return askCancel(state);
    case 'help':
      return stay({...state, isHelpOpen: true});
    case 'quit':
      return state.zoom === undefined ? {state, effects: [{type: 'quit'}]} : stay({...state, zoom: undefined});
    case 'leave':
      return stay(state);
  }
}

function turn(state: State, by: 1 | -1): State {
  const at = (panes.indexOf(state.focus) + by + panes.length) % panes.length;
  const focus = panes[at]!;
  return {...state, focus, zoom: state.zoom === undefined ? undefined : focus};
}

function move(state: State, by: number): Step {
  if (state.focus === 'log') {
    const back = Math.max(0, Math.min(state.log.lines.length, by === Infinity ? 0 : by === -Infinity ? Infinity : state.log.back - by));
    return stay({...state, log: {...state.log, back}});
  }
  return select(state, state.focus, by);
}

function select(state: State, list: ListName, by: number): Step {
  const items = listOf(state, list);
  const at = items.findIndex(item => item.id === selectedIn(state, list)?.id);
  const chosen = items[Math.max(0, Math.min(items.length - 1, at + by))];
  if (chosen === undefined) return stay(state);
  const next = {...state, selected: {...state.selected, [list]: chosen.id}};
  return list === 'jobs' && chosen.id !== state.log.job ? follow(next, chosen.id) : stay(next);
}

/** The log empties at once; its lines come as `log` events. */
export const follow = (state: State, job: string): Step => ({
  state: {...state, log: {job, lines: [], open: '', back: 0}},
  effects: [{type: 'follow', job}],
});

function startOrStop(state: State): Step {
  const box = selectedIn(state, 'devboxes')!;
  if (box.state === 'stopped') return {state, effects: [{type: 'start', devbox: box.name}]};
  return stay({
    ...state,
    question: {text: `Stop ${box.name}? What runs in it ends; its files stay.`, effect: {type: 'stop', devbox: box.name}},
  });
}

function askCancel(state: State): Step {
  const job = selectedIn(state, 'jobs')!;
  return stay({...state, question: {text: `Cancel job ${job.id.slice(0, 10)}?`, effect: {type: 'cancel', job: job.id}}});
}

function onAnswer(state: State, key: string): Step {
  const next = {...state, question: undefined};
  return key === 'y' ? {state: next, effects: [state.question!.effect]} : stay(next);
}

function onPrompt(state: State, key: string): Step {
  const prompt = state.prompt!;
  if (key === 'escape') return stay({...state, prompt: undefined});
  if (key === 'backspace') {
    const text = [...prompt.text].slice(0, -1).join('');
    return stay({...state, prompt: prompt.text === '' ? undefined : {...prompt, text}});
  }
  if (key === 'ctrl-u') return stay({...state, prompt: {...prompt, text: ''}});
  if (key === 'enter') return prompt.kind === 'run' ? runTyped(state, prompt.text) : obey(state, prompt.text);
  return stay([...key].length === 1 ? {...state, prompt: {...prompt, text: prompt.text + key}} : state);
}

function runTyped(state: State, text: string): Step {
  const next = {...state, prompt: undefined};
  return text.trim() === '' ? stay(next) : {state: next, effects: [{type: 'run', command: wordsOf(text.trim())}]};
}

/** Plain words as they are; anything a shell would understand goes to a shell. */
export const wordsOf = (text: string): readonly string[] => (/^[\w\s./:=@%+,-]+$/.test(text) ? text.split(/\s+/) : ['sh', '-c', text]);

const aliases: Readonly<Record<string, Pane>> = {
  w: 'workers',
  worker: 'workers',
  d: 'devboxes',
  devbox: 'devboxes',
  j: 'jobs',
  job: 'jobs',
  logs: 'log',
};
const orders = [...panes, 'run', 'help', 'quit'];

function obey(state: State, text: string): Step {
  const next: State = {...state, prompt: undefined};
  const [word = '', ...rest] = text.trim().split(/\s+/);
  const pane = panes.find(name => name === word) ?? (Object.hasOwn(aliases, word) ? aliases[word] : undefined);
  if (pane !== undefined) return stay({...next, focus: pane, zoom: pane});
  if (word === 'q' || word === 'quit') return {state: next, effects: [{type: 'quit'}]};
  if (word === 'help') return stay({...next, isHelpOpen: true});
  if (word === 'run' && rest.length > 0) return runTyped(next, rest.join(' '));
  if (word === '') return stay(next);
  const near = nearest(word, orders);
  return stay(noted(next, `Unknown command ${word}.${near === undefined ? ` Known: ${orders.join(', ')}.` : ` Did you mean ${near}?`}`));
}
