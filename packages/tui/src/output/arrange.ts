import {BoxyardError, nearest} from '@boxyard/core/errors';
import type {ListView} from './print.ts';
import type {Column} from './table.ts';

/** How a person wants a list: in which order, with which columns. */
export interface Arrangement {
  /** A column's name; `:desc` behind it turns it round. */
  readonly sort?: string | undefined;
  /** Names of columns, by commas. */
  readonly columns?: string | undefined;
}

/** `LAST LINE` is typed `last-line`. */
export const columnName = ({title}: Pick<Column<never>, 'title'>): string => title.toLowerCase().replaceAll(' ', '-');

export const columnNames = (view: {readonly columns: readonly Pick<Column<never>, 'title'>[]}): readonly string[] =>
  view.columns.map(columnName);

/** `INVALID_INPUT` with the nearest name where a column is unknown. */
export function findColumn<T>(view: {readonly columns: readonly Column<T>[]}, name: string, field: string): Column<T> {
  const typed = name.trim().toLowerCase().replaceAll(' ', '-');
  const found = view.columns.find(column => columnName(column) === typed);
  if (found !== undefined) return found;
  const names = columnNames(view);
  const near = nearest(typed, names);
  throw new BoxyardError('INVALID_INPUT', {
    field,
    issue: `there is no column ${typed === '' ? 'without a name' : typed}; there are ${names.join(', ')}`,
    ...(near === undefined ? {} : {hint: `Did you mean ${near}?`}),
  });
}

const collator = new Intl.Collator('en', {numeric: true});

/** Stable; what has no value comes last, in both directions. */
export function sorted<T>(items: readonly T[], view: ListView<T>, wish: string): readonly T[] {
  const [name = '', direction] = wish.split(':');
  const isTurned = direction === 'desc';
  const column = findColumn(view, name, '--sort');
  const keyOf = column.sort ?? ((item: T) => column.cell(item, 0));
  const keyed = items.map(item => ({item, key: keyOf(item)}));
  const isNothing = (key: string | number | undefined) => key === undefined || key === '';
  const compare = (a: string | number, b: string | number) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return keyed
    .toSorted((a, b) => {
      if (isNothing(a.key) || isNothing(b.key)) return Number(isNothing(a.key)) - Number(isNothing(b.key));
      return compare(a.key!, b.key!) * (isTurned ? -1 : 1);
    })
    .map(({item}) => item);
}

/** The view with just these columns, in this order; none of them is left out where room is short. */
export function chosen<T>(view: ListView<T>, columns: string): ListView<T> {
  const found = columns.split(',').map(name => findColumn(view, name, '--columns'));
  return {...view, columns: found.map(column => ({...column, spare: false, wide: false}))};
}

/** `items` and `view` as they are wished for. */
export const arrange = <T>(items: readonly T[], view: ListView<T>, {sort, columns}: Arrangement) => ({
  items: sort === undefined ? items : sorted(items, view, sort),
  view: columns === undefined ? view : chosen(view, columns),
});
