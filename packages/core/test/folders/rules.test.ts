import {expect, test} from 'vitest';
import {pathTrouble} from '../../src/folders/rules.ts';
import {type Kept, type Written, merge} from '../../src/folders/rules-merge.ts';
import {placesOf, splitPath} from '../../src/folders/rules-places.ts';
import {begun, fired, isWatched, noted, watchDue} from '../../src/folders/rules-watch.ts';

test.each([
  '',
  '/etc/passwd',
  '../a',
  'a/../b',
  'a/..',
  './a',
  'a//b',
  'a/',
  'a\0b',
  'a\nb',
  'a\u001b[2Jb',
  'a\u009bb',
  '\ud800',
  'x'.repeat(256),
  Array.from({length: 33}, () => 'a').join('/'),
  Array.from({length: 6}, () => 'x'.repeat(200)).join('/'),
])('a path that leads elsewhere, or that some machine or terminal would trip over, is refused: %j', path => {
  expect(pathTrouble(path)).toBeDefined();
});

test.each(['a', 'a/b.md', '..a', 'a..b', '.hidden', 'ä/日本', 'a b', '-rf', "a'b"])('a plain path is taken: %j', path => {
  expect(pathTrouble(path)).toBeUndefined();
});

const hash = (letter: string) => letter.repeat(64);
const kept = (path: string, letter: string): Kept => ({path, hash: hash(letter), bytes: 1, by: 'anna', at: 1});
const file = (path: string, letter: string) => ({path, hash: hash(letter), bytes: 1, exec: false});
const written = (more: Partial<Written>): Written => ({base: new Map(), files: [], gone: [], by: 'builder', at: 2, job: 'j-1', ...more});
const names = (files: readonly Kept[]) => files.map(each => [each.path, each.hash[0]]);

test('what one job changed takes the place of what it had found', () => {
  const merged = merge(
    [kept('a', '1'), kept('b', '1')],
    written({base: new Map([['a', hash('1')]]), files: [file('a', '2'), file('c', '3')]}),
  );
  expect(names(merged.files)).toEqual([
    ['a', '2'],
    ['b', '1'],
    ['c', '3'],
  ]);
  expect(merged.conflicts).toEqual([]);
  expect(merged.changes).toEqual([
    {path: 'a', is: 'changed'},
    {path: 'c', is: 'changed'},
  ]);
});

test('a file that two jobs changed is kept twice, and doing it again changes nothing', () => {
  const second = written({base: new Map([['a', hash('1')]]), files: [file('a', '3')]});
  const merged = merge([kept('a', '2')], second);
  expect(names(merged.files)).toEqual([
    ['a', '2'],
    ['a.conflict-j-1', '3'],
  ]);
  expect(merged.conflicts).toEqual([{path: 'a', kept: 'a.conflict-j-1'}]);
  expect(merge(merged.files, second).changes).toEqual([]);
});

test('two jobs that make the same file alike have no conflict; made differently both are there', () => {
  expect(merge([kept('a', '2')], written({files: [file('a', '2')]})).conflicts).toEqual([]);
  expect(merge([kept('a', '2')], written({files: [file('a', '3')]})).conflicts.length).toBe(1);
});

test('what is gone goes where nobody changed it, and what was changed comes back where somebody deleted it', () => {
  const base = new Map([
    ['a', hash('1')],
    ['b', hash('1')],
    ['c', hash('1')],
  ]);
  const merged = merge([kept('a', '1'), kept('b', '2')], written({base, gone: ['a', 'b'], files: [file('c', '9')]}));
  expect(names(merged.files)).toEqual([
    ['b', '2'],
    ['c', '9'],
  ]);
});

test('changes are fired 5 s behind the last of them, and at the latest a minute behind the first', () => {
  const at = (now: number) => ({tenant: 't', changes: [{path: `f${now}`, is: 'changed' as const}], now});
  let watch = noted(undefined, at(1_000));
  expect(watchDue(watch)).toBe(6_000);
  watch = noted(watch, at(4_000));
  expect(watchDue(watch)).toBe(9_000);
  watch = noted(watch, at(60_000));
  expect(watchDue(watch)).toBe(61_000);
  expect(Object.keys(watch.files)).toEqual(['f1000', 'f4000', 'f60000']);
});

test('what changes while a run is being started belongs to the next one, and numbers of firings never come again', () => {
  const change = (path: string, now: number) => ({tenant: 't', changes: [{path, is: 'changed' as const}], now});
  const firing = begun(noted(undefined, change('a', 1)));
  expect(firing.firing).toMatchObject({files: {a: 'changed'}});
  const during = noted(firing, change('b', 10));
  expect(during.firing).toEqual(firing.firing);
  const over = fired(during);
  expect(over.files).toEqual({b: 'changed'});
  expect(watchDue(over)).toBe(5_010);
  expect(begun(over).firing!.id).toBeGreaterThan(firing.firing!.id);
  expect(watchDue(fired(begun(over)))).toBeUndefined();
});

test('so many files are named as fit into an environment, and the others are counted', () => {
  const changes = Array.from({length: 5_000}, (_, n) => ({path: `shared/${'x'.repeat(100)}/${n}`, is: 'changed' as const}));
  const watch = noted(undefined, {tenant: 't', changes, now: 1});
  const named = Object.keys(watch.files).length;
  expect(named + watch.more).toBe(5_000);
  expect(JSON.stringify(watch.files).length).toBeLessThan(64 * 1024);
});

test('a watched path is that file or all below that folder, and no other with a like name', () => {
  expect(isWatched(['shared/plans'], 'shared/plans/a')).toBe(true);
  expect(isWatched(['shared/plans/'], 'shared/plans/b/c')).toBe(true);
  expect(isWatched(['shared/plans/a'], 'shared/plans/a')).toBe(true);
  expect(isWatched(['shared/plans'], 'shared/plans2/a')).toBe(false);
});

test('a job sees the folders of its cluster and its role, its own place for what it brings, and private where that is kept', () => {
  const origin = {
    cluster: {id: 'c-1', name: 'team'},
    role: {id: 'r-1', name: 'builder'},
    trigger: {type: 'manual' as const},
    most: 1,
    env: {},
    folders: {shared: ['plans'], role: ['cache'], keepPrivateMs: 1},
  };
  const job = {id: 'j-2' as never, parent: 'j-1' as never, index: 3, origin};
  expect(placesOf(job)).toEqual([
    {folder: 'shared/plans', at: 'shared/plans'},
    {folder: 'shared/out/j-1/3', at: 'shared/out/j-1/3'},
    {folder: 'roles/r-1/cache', at: 'role/cache'},
    {folder: 'private/j-1/3', at: 'private'},
  ]);
  expect(placesOf({...job, origin: {...origin, folders: undefined}})).toEqual([]);
  const gathering = placesOf({...job, index: undefined, gathers: true}).map(({at}) => at);
  expect(gathering).toContain('shared/out/j-1/gather');
});

test('a path of a person is a folder and what is in it', () => {
  expect(splitPath('shared/plans/a/b')).toEqual({folder: 'shared/plans', rest: 'a/b'});
  expect(splitPath('/shared/plans/')).toEqual({folder: 'shared/plans', rest: ''});
  expect(splitPath('shared/out/j-1/0/x')).toEqual({folder: 'shared/out/j-1/0', rest: 'x'});
  expect(splitPath('roles/builder/cache/x')).toEqual({folder: 'roles/builder/cache', rest: 'x'});
  expect(splitPath('shared')).toBeUndefined();
  expect(splitPath('elsewhere/x/y')).toBeUndefined();
});
