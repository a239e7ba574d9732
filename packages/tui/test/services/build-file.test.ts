import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {buildFile} from '../../src/services/build-file.ts';

function folder(...files: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-build-'));
  for (const file of files) writeFileSync(join(dir, file), '');
  return dir;
}

test('a Containerfile is found, else a Dockerfile, else it is said before anything is sent', () => {
  expect(buildFile(folder('Containerfile', 'Dockerfile'), undefined)).toBe('Containerfile');
  expect(buildFile(folder('Dockerfile'), undefined)).toBe('Dockerfile');
  expect(() => buildFile(folder(), undefined)).toThrow(/has no Containerfile and no Dockerfile/);
});

test('one that was named has to be there', () => {
  expect(buildFile(folder('other'), 'other')).toBe('other');
  expect(() => buildFile(folder('Dockerfile'), 'other')).toThrow(/--file: .* has no other/);
});
