import {expect, test} from 'vitest';
import {isContents, isFolder, parseEnd, placeFor, plainPath} from '../../src/services/copy-paths.ts';

test.each([
  ['-', {at: 'stream', path: '-'}],
  ['src', {at: 'here', path: 'src'}],
  ['./a:b', {at: 'here', path: './a:b'}],
  ['/a:b', {at: 'here', path: '/a:b'}],
  ['Web:x', {at: 'here', path: 'Web:x'}],
  ['web:', {at: 'devbox', devbox: 'web', path: '/workspace'}],
  ['web:src', {at: 'devbox', devbox: 'web', path: '/workspace/src'}],
  ['web:src/.', {at: 'devbox', devbox: 'web', path: '/workspace/src/.'}],
  ['web:../etc', {at: 'devbox', devbox: 'web', path: '/etc'}],
  ['web:/etc/hosts', {at: 'devbox', devbox: 'web', path: '/etc/hosts'}],
  ['web:with spaces:and colons', {at: 'devbox', devbox: 'web', path: '/workspace/with spaces:and colons'}],
] as const)('%s is one end of a copy', (text, end) => {
  expect(parseEnd(text)).toEqual(end);
});

test('a path with a NUL in it is refused', () => {
  expect(() => parseEnd('web:a\0b')).toThrow('NUL');
});

test('what a path says of itself', () => {
  expect(['.', 'a/.', 'a/', 'a'].map(isContents)).toEqual([true, true, false, false]);
  expect(['.', 'a/.', 'a/', 'a'].map(isFolder)).toEqual([true, true, true, false]);
  expect(['a/.', 'a/', '/', 'a/../b/'].map(plainPath)).toEqual(['a', 'a', '/', 'b']);
});

const file = {name: 'f', kind: 'file', isContents: false} as const;
const folder = {name: 'd', kind: 'directory', isContents: false} as const;
const to = (path: string, kind: 'file' | 'directory' | 'symlink' | 'absent') => ({path, kind, shown: `web:${path}`});

test.each([
  ['a file into a directory', file, to('/w', 'directory'), {into: '/w', name: 'f'}],
  ['a file into what a link leads to', file, to('/w', 'symlink'), {into: '/w', name: 'f'}],
  ['a file in place of another', file, to('/w/g', 'file'), {into: '/w', name: 'g'}],
  ['a file under a new name', file, to('/w/g', 'absent'), {into: '/w', name: 'g'}],
  ['a file into a directory to be made', file, to('/w/g/', 'absent'), {into: '/w/g', name: 'f'}],
  ['a directory into another', folder, to('/w', 'directory'), {into: '/w', name: 'd'}],
  ['a directory under a new name', folder, to('/w/e', 'absent'), {into: '/w/e', name: ''}],
  ['what is in a directory', {...folder, isContents: true}, to('/w', 'directory'), {into: '/w', name: ''}],
] as const)('%s goes where cp -r would put it', (_what, source, target, place) => {
  expect(placeFor(source, target)).toEqual(place);
});

test('a directory does not replace a file, nor is a file a directory', () => {
  expect(() => placeFor(folder, to('/w/f', 'file'))).toThrow('web:/w/f is a file, and what is copied a directory.');
  expect(() => placeFor(file, to('/w/f/', 'file'))).toThrow('web:/w/f/ is a file and no directory.');
});
