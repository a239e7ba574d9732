import type {Format} from '../cli/flags.ts';
import {hasUnshowable, safeLine, safeText, unshowable} from './safe-text.ts';
import {renderTable, type Column} from './table.ts';

export interface Sink {
  write(text: string): void;
  /** Absent: not a terminal. */
  readonly columns?: number | undefined;
}
export interface PrintStyle {
  readonly format: Exclude<Format, 'wide'>;
  /** Tables with all columns, however wide. */
  readonly wide: boolean;
  readonly quiet: boolean;
  readonly headers: boolean;
  readonly now: () => number;
  readonly bold: (text: string) => string;
}

/** Prints data to stdout in the form that was asked for. JSON and YAML hold what the server said; tables are made safe. */
export interface Printer {
  readonly format: PrintStyle['format'];
  readonly style: PrintStyle;
  list<T>(page: {readonly items: readonly T[]; readonly nextCursor?: string | undefined}, view: ListView<T>): Promise<void>;
  item<T>(item: T, view: {readonly name: (item: T) => string; readonly text: (item: T, now: number) => string}): Promise<void>;
  /** One thing that is neither a list nor an object with a name, such as a version. */
  value(value: unknown, text: string): Promise<void>;
}
export interface ListView<T> {
  readonly columns: readonly Column<T>[];
  readonly name: (item: T) => string;
  /** Said where the list is empty, on stderr. */
  readonly empty: string;
}

export function printer(sink: Sink, say: (line: string) => void, style: PrintStyle): Printer {
  const lines = (texts: readonly string[]) => sink.write(texts.map(text => `${text}\n`).join(''));
  const structured = async (value: unknown) => sink.write(await renderStructured(value, style.format));
  return {
    format: style.format,
    style,
    async list(page, view) {
      if (style.quiet || style.format === 'name') return lines(page.items.map(item => safeLine(view.name(item))));
      if (style.format === 'jsonl') return lines(page.items.map(item => asJson(item)));
      if (style.format !== 'table') return structured({items: page.items, nextCursor: page.nextCursor, schemaVersion: 1});
      if (page.items.length === 0) return say(view.empty);
      sink.write(
        renderTable(
          page.items,
          view.columns.filter(column => style.wide || column.wide !== true),
          {headers: style.headers, now: style.now(), columns: style.wide ? undefined : sink.columns, emphasise: style.bold},
        ),
      );
      if (page.nextCursor !== undefined) say(`There are more: --cursor ${page.nextCursor} goes on, --limit takes more at once.`);
    },
    async item(item, view) {
      if (style.quiet || style.format === 'name') return lines([safeLine(view.name(item))]);
      if (style.format !== 'table') return structured(item);
      sink.write(ended(safeText(view.text(item, style.now()))));
    },
    async value(value, text) {
      if (style.format === 'table' || style.format === 'name') return sink.write(ended(safeText(text)));
      return structured(value);
    },
  };
}

export async function renderStructured(value: unknown, format: PrintStyle['format']): Promise<string> {
  if (format !== 'yaml') return `${asJson(value, format === 'jsonl' ? 0 : 2)}\n`;
  const {stringify} = await import('yaml');
  const plain: unknown = JSON.parse(JSON.stringify(value));
  const text = stringify(plain, {lineWidth: 0});
  // Only in double quotes can a character that a terminal would obey be written as its number.
  return hasUnshowable(text)
    ? asNumbers(stringify(plain, {lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE'}))
    : text;
}

/** JSON with everything a terminal might obey as `\\uXXXX`: the same data to a program. */
export const asJson = (value: unknown, indent = 0): string => asNumbers(JSON.stringify(value, null, indent));

const asNumbers = (text: string): string =>
  text.replace(unshowable, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const ended = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

/** `Name:  value` lines with the values under each other; rows without a value are left out. */
export function renderFields(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(...shown.map(([title]) => title.length)) + 1;
  return shown.map(([title, value]) => `${`${title}:`.padEnd(width)} ${value!.replaceAll('\n', `\n${' '.repeat(width + 1)}`)}\n`).join('');
}
