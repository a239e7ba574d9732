import type {Deed} from '../deeds.ts';
import {lineOf, nameOf} from '../deeds.ts';
import type {PageName} from '../places.ts';
import {emptyLine} from '../line.ts';
import {placeOf, stay, withEffects, type State, type Step} from '../state.ts';

export type Context = 'any' | 'list' | 'log' | PageName;

/** One thing a key does. Reducer, footer, help, palette and the documentation read this one table. */
export interface Action {
  readonly id: string;
  /** The first is the one that is shown. */
  readonly keys: readonly string[];
  readonly title: string;
  /** In the footer too, in a word. */
  readonly footer?: string;
  /** Where it is meant: everywhere, on lists, with a log, or on pages. */
  readonly on: readonly Context[];
  /** `undo`: it can be taken back; `ask`: it is asked about; `name`: and the name is to be typed. */
  readonly danger?: 'undo' | 'ask' | 'name';
  /** Why it cannot be done now; undefined where it can. */
  readonly when?: (state: State) => string | undefined;
  readonly run: (state: State) => Step;
  /** Whether the thing that the keys are about is of its kind: then `x` offers it. */
  readonly isOfRow?: (state: State) => boolean;
  /** The command that does the same. */
  readonly cli?: (state: State) => string | undefined;
}

export interface DeedAction {
  readonly id: string;
  readonly keys: readonly string[];
  readonly title: string;
  readonly footer?: string;
  readonly on: readonly Context[];
  readonly danger?: Action['danger'];
  /** What is to be done, one for each target; none where a key means nothing here. */
  readonly deeds: (state: State) => readonly Deed[];
  readonly when: (state: State) => string | undefined;
  /** What is lost by it, in a sentence, where it is asked about. */
  readonly asks?: (state: State, names: string) => string;
  /** `manage` needs more access than `run`. */
  readonly needs?: 'run' | 'manage';
  readonly isOfRow?: Action['isOfRow'];
}

/** An action that changes something: refused where one may only look, asked about where its danger says so. */
export function deedAction(given: DeedAction): Action {
  const {id, keys, title, footer, on, danger, deeds, asks} = given;
  const when = (state: State) => mayChange(state, given.needs ?? 'run') ?? given.when(state);
  return {
    id,
    keys,
    title,
    on,
    when,
    ...(footer === undefined ? {} : {footer}),
    ...(danger === undefined ? {} : {danger}),
    ...(given.isOfRow === undefined ? {} : {isOfRow: given.isOfRow}),
    run(state) {
      const all = deeds(state);
      if (danger === undefined || danger === 'undo') return withEffects(state, ...all.map(deed => ({type: 'deed' as const, deed})));
      const names = all.length === 1 ? (nameOf(all[0]!) ?? '') : `all ${all.length}`;
      const text = asks?.(state, names) ?? `${title} ${names}?`;
      const typed = danger === 'name' ? {name: all.length === 1 ? names : String(all.length)} : {};
      return stay({...state, mode: {is: 'confirm', text, deeds: all, line: emptyLine, ...typed}});
    },
    cli: state => {
      const first = when(state) === undefined ? deeds(state)[0] : undefined;
      return first === undefined ? undefined : lineOf(first);
    },
  };
}

const order = ['viewer', 'member', 'admin', 'owner'] as const;

/** Why this person may change nothing here; undefined where they may. */
export function mayChange(state: State, needs: 'nothing' | 'own' | 'run' | 'manage'): string | undefined {
  if (needs === 'nothing') return undefined;
  if (state.isReadOnly) return 'The dashboard is open with --read-only.';
  return needs === 'own' ? undefined : lackOf(state, needs);
}

/** Why they may not even look at this page; undefined where they may. */
export const lackOfPage = (state: State): string | undefined =>
  managed.includes(placeOf(state).page) ? lackOf(state, 'manage') : undefined;

const managed: readonly PageName[] = ['webhooks', 'webhook', 'plugins', 'plugin'];

/** Why their token does not do for it; undefined where it does, or is not known yet. */
export function lackOf(state: State, needs: 'run' | 'manage'): string | undefined {
  const access = state.who?.access;
  if (access === undefined) return undefined;
  const least = needs === 'run' ? 'member' : 'admin';
  return order.indexOf(access) < order.indexOf(least)
    ? `Your token is a ${access}’s; it takes ${least === 'admin' ? 'an' : 'a'} ${least}’s.`
    : undefined;
}
