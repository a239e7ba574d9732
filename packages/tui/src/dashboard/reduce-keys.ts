import {mayChange, type Action} from './actions/action.ts';
import {unmarked} from './actions/marking.ts';
import {actionOf, actionsOf} from './actions/registry.ts';
import {checkedForm, formAfter, formWithText} from './forms.ts';
import {helpEnd, helpRows} from './help-lines.ts';
import {edited, typed} from './line.ts';
import {isTooSmall} from './layout.ts';
import type {Choice, Mode} from './modes.ts';
import {found} from './palette.ts';
import {answered, completions, givenUp, whileTyping} from './prompts.ts';
import {lineOf, needsOf, undosOf} from './deeds.ts';
import {nextBatch, remember, memoryOf, said, stay, withEffects, type Effect, type State, type Step} from './state.ts';

const normal: Mode = {is: 'normal'};

export function onKey(before: State, key: string): Step {
  const isLeaving = before.isLeaving && key === 'ctrl-c';
  const isSame = before.isLeaving === isLeaving && before.expected === undefined;
  const state: State = isSame ? before : {...before, isLeaving, expected: undefined};
  if (key === 'ctrl-c') return leaving(state);
  // What is not to be seen is not to be done.
  if (isTooSmall(state)) return key === 'q' ? withEffects(state, {type: 'quit'}) : stay(state);
  return withCommands(state, inMode(state, key));
}

/** Twice leaves; once closes what is open and says so. */
function leaving(state: State): Step {
  if (state.isLeaving) return withEffects(state, {type: 'quit'});
  return stay({...state, isLeaving: true, mode: normal});
}

function inMode(state: State, key: string): Step {
  const {mode} = state;
  switch (mode.is) {
    case 'normal':
      return inNormal(state, key);
    case 'prompt':
      return inPrompt(state, mode, key);
    case 'confirm':
      return inConfirm(state, mode, key);
    case 'form':
      return inForm(state, mode, key);
    case 'menu':
      return inMenu(state, mode, key);
    case 'palette':
      return inPalette(state, mode, key);
    case 'help':
      return inHelp(state, mode, key);
    case 'copy':
      return stay({...state, mode: normal});
    case 'capture':
      return stay(state);
    case 'over':
      return stay(key === 'enter' || key === 'escape' ? {...state, mode: normal, isMessageShown: false} : state);
  }
}

function inNormal(state: State, key: string): Step {
  const action = actionOf(state, key);
  return action === undefined ? stay(state) : obey(state, action);
}

function obey(state: State, action: Action): Step {
  const refusal = action.when?.(state);
  return refusal === undefined ? action.run(state) : stay(said(state, refusal));
}

type In<M extends Mode['is']> = Extract<Mode, {is: M}>;

function inPrompt(state: State, mode: In<'prompt'>, key: string): Step {
  const {prompt, line} = mode;
  if (key === 'escape') return stay({...givenUp(state, prompt), mode: normal});
  if (key === 'enter') return answered({...state, mode: normal}, prompt, line.text);
  if (key === 'tab' && prompt.asks === 'command') {
    const [first] = completions(state, line.text);
    return first === undefined ? stay(state) : stay({...state, mode: {...mode, line: {text: first, at: first.length}}});
  }
  if (key === 'backspace' && line.text === '') return stay({...state, mode: normal});
  const next = edited(line, key);
  return next === undefined ? stay(state) : stay(whileTyping({...state, mode: {...mode, line: next}}, prompt, next.text));
}

/** Enter on an empty answer is no: what it would destroy is never one key away. */
function inConfirm(state: State, mode: In<'confirm'>, key: string): Step {
  const free: State = {...state, mode: normal};
  const done = () => ({state: remember(free, unmarked), effects: mode.deeds.map((deed): Effect => ({type: 'deed', deed}))});
  if (mode.name === undefined) return key === 'y' ? done() : stay(free);
  if (key === 'escape') return stay(free);
  if (key === 'enter') return mode.line.text === mode.name ? done() : stay(said(free, `Not done: ${mode.name} was not typed.`));
  const line = edited(mode.line, key);
  return line === undefined ? stay(state) : stay({...state, mode: {...mode, line}});
}

function inForm(state: State, mode: In<'form'>, key: string): Step {
  if (key === 'escape') return stay({...state, mode: normal});
  const isLast = mode.form.at === mode.form.fields.length - 1;
  if (key === 'ctrl-s' || key === 'enter') {
    if (key === 'enter' && !isLast && mode.form.at > 0)
      return stay({...state, mode: {...mode, form: formAfter(state, mode.form, 'down')!}});
    const taken = new Set([...state.data.devboxes.values()].map(box => box.name));
    const checked = checkedForm(mode.form, taken);
    if ('form' in checked) return stay({...state, mode: {...mode, form: checked.form}});
    return withEffects({...state, mode: normal}, {type: 'deed', deed: {do: 'devboxes.create', request: checked.request}});
  }
  const form = formAfter(state, mode.form, key);
  return form === undefined ? stay(state) : stay({...state, mode: {...mode, form}});
}

function inMenu(state: State, mode: In<'menu'>, key: string): Step {
  const {choices, at} = mode;
  const chosen = key === 'enter' ? choices[at] : choices.find(choice => choice.key === key);
  if (chosen !== undefined) return choose({...state, mode: normal}, chosen);
  const by = key === 'down' || key === 'j' ? 1 : key === 'up' || key === 'k' ? -1 : 0;
  if (by === 0 || choices.length === 0) return stay({...state, mode: normal});
  return stay({...state, mode: {...mode, at: (at + by + choices.length) % choices.length}});
}

function choose(state: State, {does, text}: Choice): Step {
  if (does === 'copy') return withEffects(state, {type: 'copy', text});
  const action = actionsOf(state).find(({id}) => id === does.action);
  return action === undefined ? stay(state) : obey(state, action);
}

function inPalette(state: State, mode: In<'palette'>, key: string): Step {
  const free: State = {...state, mode: normal};
  if (key === 'escape') return stay(free);
  const items = found(state, mode.line.text);
  if (key === 'enter') return items[mode.at]?.run(free) ?? stay(free);
  const by = key === 'down' || key === 'ctrl-n' ? 1 : key === 'up' || key === 'ctrl-p' ? -1 : 0;
  if (by !== 0) return stay({...state, mode: {...mode, at: Math.max(0, Math.min(items.length - 1, mode.at + by))}});
  const line = edited(mode.line, key);
  return line === undefined ? stay(state) : stay({...state, mode: {...mode, line, at: 0}});
}

function inHelp(state: State, mode: In<'help'>, key: string): Step {
  if (key === 'escape' || key === 'enter') return stay({...state, mode: normal});
  if ((key === '?' || key === 'q') && mode.line.text === '') return stay({...state, mode: normal});
  const by = helpSteps(state)[key];
  if (by !== undefined) {
    const top = Math.max(0, Math.min(helpEnd(state, mode.line.text), mode.top + by));
    return stay({...state, mode: {...mode, top}});
  }
  const line = edited(mode.line, key);
  return line === undefined ? stay(state) : stay({...state, mode: {...mode, line, top: 0}});
}

const helpSteps = (state: State): Readonly<Record<string, number>> => ({
  up: -1,
  down: 1,
  'page-up': -helpRows(state),
  'page-down': helpRows(state),
});

/** Text put in at once goes where text can go, and does nothing elsewhere: its letters are not keys. */
export function onPaste(state: State, text: string): Step {
  const {mode} = state;
  if (mode.is === 'form') return stay({...state, mode: {...mode, form: formWithText(mode.form, text)}});
  if (!('line' in mode)) return stay(state);
  const line = typed(mode.line, text);
  const next: State = {...state, mode: {...mode, line}};
  return stay(mode.is === 'prompt' ? whileTyping(next, mode.prompt, line.text) : next);
}

const mostUndone = 50;

/**
 * Every change is told with the command that does the same, and kept where it can be taken back. Whatever way it was asked
 * for, one that may not be made is refused here.
 */
function withCommands(before: State, {state, effects}: Step): Step {
  const refusal = effects.map(effect => mayChange(state, needsOfEffect(effect))).find(why => why !== undefined);
  if (refusal !== undefined) return stay(said({...before, mode: normal}, refusal));
  const asked = effects.filter(effect => effect.type === 'deed');
  const deeds = asked.map(({deed}) => deed);
  if (deeds.length === 0) return {state, effects};
  const sent = {at: state.now, batch: nextBatch(state), outcome: 'sent' as const};
  const commands = [...state.commands, ...deeds.map(deed => ({...sent, line: lineOf(deed)}))];
  const undos = undosOf(asked.flatMap(({deed, isUndo}) => (isUndo ? [] : [deed])));
  const undo = undos.length === 0 ? state.undo : [...state.undo, undos].slice(-mostUndone);
  const marked = memoryOf(state).marks.length > 0 ? remember(state, unmarked) : state;
  const [expected] = deeds.flatMap(deed => (deed.do === 'devboxes.create' ? [deed.request.name] : []));
  return {state: {...marked, commands, undo, expected, isMessageShown: false}, effects};
}

/** A terminal that is opened or typed into, and any command, change something too. */
function needsOfEffect(effect: Effect): 'nothing' | 'own' | 'run' | 'manage' {
  if (effect.type === 'deed') return needsOf(effect.deed);
  if (effect.type === 'cli') return 'own';
  if (effect.type === 'open-display') return effect.isReadonly ? 'nothing' : 'run';
  return effect.type === 'open-terminal' || effect.type === 'take' ? 'run' : 'nothing';
}
