import {safeLine, safeText} from '../../output/safe-text.ts';
import type {Choice} from '../modes.ts';
import {isTable, tables} from '../pages/tables.ts';
import {cursorOf, rowsOf, targetOf, thingOf, type Target} from '../rows.ts';
import {lastLines, placeOf, type State} from '../state.ts';

/** What can be copied here: of the thing the keys are about, and the command that did the last. */
export function copyChoices(state: State): readonly Choice[] {
  // Whatever it is pasted into gets no more than a terminal would.
  return rawChoices(state).map(({key, title, text}) => ({
    key,
    title,
    text: 'jrc'.includes(key) ? safeText(text) : safeLine(text),
    does: 'copy',
  }));
}

function rawChoices(state: State): readonly Omit<Choice, 'does'>[] {
  const target = targetOf(state);
  const row = rowText(state);
  const lines = lastLines(state);
  const words = state.messages.at(-1)?.text.replace(/^Invitation: /, '');
  return [
    ...(target.is === 'none'
      ? []
      : [
          {key: 'i', title: 'id', text: idOf(target)},
          {key: 'n', title: 'name', text: nameOfTarget(target)},
        ]),
    ...(row === undefined ? [] : [{key: 'r', title: 'row', text: row}]),
    ...(target.is === 'none' ? [] : [{key: 'j', title: 'JSON', text: JSON.stringify(thingOf(target), null, 2)}]),
    ...(words === undefined ? [] : [{key: 'w', title: 'what was said last', text: words}]),
    ...(lines.length === 0
      ? []
      : [{key: 'c', title: lines.length === 1 ? 'the last command' : 'the last commands', text: lines.join('\n')}]),
  ];
}

function rowText(state: State): string | undefined {
  const {page} = placeOf(state);
  const id = cursorOf(state);
  if (!isTable(page) || id === undefined) return undefined;
  const item = rowsOf(state).items.get(id);
  return tables[page].columns.map(column => safeLine(column.cell(item, state.now))).join('\t');
}

type Some = Exclude<Target, {is: 'none'}>;

const idOf = (target: Some): string => thingOf(target).id;

function nameOfTarget(target: Some): string {
  if (target.is === 'image') return target.image.refs[0] ?? target.image.id;
  if (target.is === 'role') return `${target.role.cluster.name}/${target.role.name}`;
  if (target.is !== 'job') return (thingOf(target) as {readonly id: string; readonly name: string}).name;
  const {devbox, name, id} = target.job;
  return devbox !== undefined && name !== undefined ? `${devbox.name}/${name}` : id;
}
