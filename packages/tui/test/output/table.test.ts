import {expect, test} from 'vitest';
import {renderTable, type Column} from '../../src/output/table.ts';
import {textWidth} from '../../src/output/width.ts';
import {payloads} from '../payloads.ts';

interface Row {
  readonly id: string;
  readonly note: string;
}
const columns: readonly Column<Row>[] = [
  {title: 'ID', cell: row => row.id},
  {title: 'NOTE', cell: row => row.note, flexible: true},
];
const row = {id: 'j-abcdefghijklmnopqrstuvwxyz', note: 'a rather long note about what happened here'};

test('a pipe gets every character and one record per line', () => {
  const text = renderTable([row, {id: 'x', note: 'two\nlines'}], columns, {headers: true, now: 0});
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain(row.note);
  expect(text).toContain('two␊lines');
});

test('a terminal cuts what is flexible and never an id', () => {
  const text = renderTable([row], columns, {headers: false, now: 0, columns: 50});
  expect(text).toContain(row.id);
  expect(textWidth(text.trimEnd())).toBeLessThanOrEqual(50);
  expect(text).toContain('…');
});

test.each(payloads)('$name in a cell stays harmless', ({bytes}) => {
  const text = renderTable([{id: bytes, note: bytes}], columns, {headers: true, now: 0, columns: 80});
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(text.split('\n')).toHaveLength(3);
});

test('wide characters keep the columns under each other', () => {
  const text = renderTable(
    [
      {id: '日本', note: 'x'},
      {id: 'abcd', note: 'y'},
    ],
    columns,
    {headers: false, now: 0},
  );
  const [first = '', second = ''] = text.split('\n');
  expect(textWidth(first)).toBe(textWidth(second));
});

test('where not even cut columns fit, spare ones are left out from the right, and lines do not wrap', () => {
  const wide: readonly Column<Row>[] = [
    columns[0]!,
    {title: 'SPARE', cell: () => 'one', spare: true},
    columns[1]!,
    {title: 'LATER', cell: () => 'two', spare: true},
  ];
  const at = (columnCount: number | undefined) => renderTable([row], wide, {headers: true, now: 0, columns: columnCount});
  expect(at(undefined)).toContain('two');
  expect([at(50).includes('one'), at(50).includes('two')]).toEqual([true, false]);
  expect([at(42).includes('one'), at(42).includes(row.id)]).toEqual([false, true]);
  for (const count of [42, 50, 60]) for (const line of at(count).split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(count);
});
