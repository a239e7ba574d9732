import {expect, test} from 'vitest';
import {printer, type PrintStyle} from '../../src/output/print.ts';

interface Thing {
  readonly name: string;
}
const view = {name: (thing: Thing) => thing.name, empty: 'No things.', columns: [{title: 'NAME', cell: (thing: Thing) => thing.name}]};

function printing(style: Partial<PrintStyle>) {
  const out: string[] = [];
  const said: string[] = [];
  const whole: PrintStyle = {format: 'table', wide: false, quiet: false, headers: true, now: () => 0, bold: text => text, ...style};
  return {print: printer({write: text => void out.push(text)}, line => void said.push(line), whole), out: () => out.join(''), said};
}

test('JSON is one document with items, and nothing else', async () => {
  const {print, out, said} = printing({format: 'json'});
  await print.list({items: [{name: 'a'}]}, view);
  expect(JSON.parse(out())).toEqual({items: [{name: 'a'}], schemaVersion: 1});
  expect(said).toEqual([]);
});

test('JSON lines hold one object each', async () => {
  const {print, out} = printing({format: 'jsonl'});
  await print.list({items: [{name: 'a'}, {name: 'b'}]}, view);
  expect(
    out()
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toEqual([{name: 'a'}, {name: 'b'}]);
});

test('-o name and -q print names alone', async () => {
  const byFormat = printing({format: 'name'});
  await byFormat.print.list({items: [{name: 'a'}, {name: 'b'}]}, view);
  const quiet = printing({quiet: true});
  await quiet.print.list({items: [{name: 'a'}, {name: 'b'}]}, view);
  expect(byFormat.out()).toBe('a\nb\n');
  expect(quiet.out()).toBe('a\nb\n');
});

test('wide has the columns that a table leaves out, and cuts nothing', async () => {
  const more = {title: 'MORE', cell: () => 'm'.repeat(200), wide: true};
  const both = {...view, columns: [...view.columns, more]};
  const table = printing({});
  await table.print.list({items: [{name: 'a'}]}, both);
  const wide = printing({wide: true});
  await wide.print.list({items: [{name: 'a'}]}, both);
  expect(table.out()).toBe('NAME\na\n');
  expect(wide.out()).toContain(`a     ${'m'.repeat(200)}\n`);
});

test('an empty table says what to do next on stderr and prints nothing', async () => {
  const {print, out, said} = printing({});
  await print.list({items: []}, view);
  expect(out()).toBe('');
  expect(said).toEqual(['No things.']);
});

test('YAML and JSON on a terminal hold no raw control character', async () => {
  for (const format of ['yaml', 'json', 'jsonl'] as const) {
    const {print, out} = printing({format});
    await print.item({name: 'x\u009b2J\u001b]0;t\u0007\u202e'}, {name: thing => thing.name, text: () => ''});
    expect(out()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }
});
