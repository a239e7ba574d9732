import {expect, test} from 'vitest';
import {arrange} from '../../src/output/arrange.ts';
import type {BoxyardError} from '@boxyard/core/errors';

interface Box {
  readonly name: string;
  readonly bytes?: number;
  readonly line: string;
}
const view = {
  name: (box: Box) => box.name,
  empty: '',
  columns: [
    {title: 'NAME', cell: (box: Box) => box.name},
    {title: 'SIZE', cell: (box: Box) => `${box.bytes} B`, sort: (box: Box) => box.bytes, spare: true},
    {title: 'LAST LINE', cell: (box: Box) => box.line, wide: true},
  ],
};
const items: readonly Box[] = [
  {name: 'box-10', bytes: 9, line: 'x'},
  {name: 'box-9', line: 'y'},
  {name: 'box-2', bytes: 100, line: 'z'},
];
const names = (sort: string) => arrange(items, view, {sort}).items.map(box => box.name);

test('text is sorted as people count, figures by their size, and what has none comes last both ways', () => {
  expect(names('name')).toEqual(['box-2', 'box-9', 'box-10']);
  expect(names('NAME:desc')).toEqual(['box-10', 'box-9', 'box-2']);
  expect(names('size')).toEqual(['box-10', 'box-2', 'box-9']);
  expect(names('size:desc')).toEqual(['box-2', 'box-10', 'box-9']);
});

test('columns come in the order they are named in, and none of them is left out for room', () => {
  const {columns} = arrange(items, view, {columns: 'last-line, size'}).view;
  expect(columns.map(({title, spare, wide}) => ({title, spare, wide}))).toEqual([
    {title: 'LAST LINE', spare: false, wide: false},
    {title: 'SIZE', spare: false, wide: false},
  ]);
});

test('a column that is not there is answered with the nearest one', () => {
  let wrong: BoxyardError | undefined;
  try {
    arrange(items, view, {columns: 'nmae'});
  } catch (error) {
    wrong = error as BoxyardError;
  }
  expect(wrong).toMatchObject({code: 'INVALID_INPUT', hint: 'Did you mean name?'});
  expect(wrong?.message).toContain('--columns: there is no column nmae; there are name, size, last-line');
});

test('without a wish all stays as it came', () => {
  expect(arrange(items, view, {})).toEqual({items, view});
});
