import {chmodSync, mkdtempSync, rmSync, statSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {expect, test} from 'vitest';
import {hostSocketPath} from '../../src/session-host/socket-path.ts';

test('a socket outside its state directory lies in a folder that is ours alone, or nowhere', () => {
  const stateDir = join(mkdtempSync(join(tmpdir(), 'bxs-')), 'x'.repeat(100));
  const folder = dirname(hostSocketPath(stateDir, 'abc'));
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  chmodSync(folder, 0o777);
  expect(() => hostSocketPath(stateDir, 'abc')).toThrow(folder);
  rmSync(folder, {recursive: true});
  symlinkSync(tmpdir(), folder);
  expect(() => hostSocketPath(stateDir, 'abc')).toThrow(folder);
  rmSync(folder);
  rmSync(dirname(stateDir), {recursive: true});
});
