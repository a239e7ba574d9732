import {mkdirSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {checkProjectFile, findProjectFile} from '../../src/services/project-file.ts';

test('is found upwards from where one stands', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-project-'));
  mkdirSync(join(dir, 'a/b'), {recursive: true});
  writeFileSync(join(dir, '.boxyard.yaml'), 'image: node:24\nsetup: npm ci\nenv: {PORT: 3000}\n');
  expect(await findProjectFile(join(dir, 'a/b'))).toEqual({
    file: join(dir, '.boxyard.yaml'),
    image: 'node:24',
    setup: ['npm ci'],
    env: {PORT: '3000'},
  });
});

test.each(['server', 'token', 'context', 'secrets'])('cannot set %s', key => {
  expect(() => checkProjectFile('x', {[key]: 'y'})).toThrow(/unknown key/);
});

test('a slip is answered with the nearest key', () => {
  expect(() => checkProjectFile('x', {imgae: 'y'})).toThrow(expect.objectContaining({hint: 'Did you mean image?'}));
});
