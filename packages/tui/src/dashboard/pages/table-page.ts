import type {Data} from '../data.ts';
import type {Memory, PageName} from '../places.ts';
import type {State} from '../state.ts';
import type {Tone} from '../theme.ts';
import type {PageColumn} from './columns.ts';

/** A page that is a list: everything about it stands here, and one component draws them all. */
export interface TablePage<T> {
  readonly title: string;
  readonly empty: string;
  readonly items: (state: State) => readonly T[];
  readonly id: (item: T) => string;
  readonly tone: (item: T) => Tone;
  readonly columns: readonly PageColumn<T>[];
  /** The page of one of them. */
  readonly detail?: PageName;
  readonly labels?: (item: T) => Readonly<Record<string, string>>;
  /** Its order where none was chosen; absent: by its first column. */
  readonly order?: Memory['sort'];
  /** The newest stand at the end, and stay in sight. */
  readonly isLog?: true;
}

export const page = <T>(definition: TablePage<T>): TablePage<unknown> => definition as TablePage<unknown>;
/** The items of a map, made once for each. */
export const list = <T>(of: (data: Data) => ReadonlyMap<string, T>, keep: (item: T) => boolean = () => true) => {
  const made = new WeakMap<ReadonlyMap<string, T>, readonly T[]>();
  return (state: State): readonly T[] => {
    const map = of(state.data);
    const known = made.get(map);
    if (known !== undefined) return known;
    const items = [...map.values()].filter(keep);
    made.set(map, items);
    return items;
  };
};
