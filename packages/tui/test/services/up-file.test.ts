import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {paths} from '@boxyard/core/config';
import {findUp, processStartOf, removeUpFile, writeUpFile} from '../../src/services/up-file.ts';

const somewhere = () => paths({HOME: mkdtempSync(join(tmpdir(), 'boxyard-up-'))});
const about = (pid: number) => ({pid, processStart: processStartOf(pid), url: 'http://127.0.0.1:1', tokenFile: 'x', startedAt: 'now'});

test('an up whose process lives is found', () => {
  const at = somewhere();
  writeUpFile(at, about(process.pid));
  expect(findUp(at)?.pid).toBe(process.pid);
});

test('a dead pid is no up, nor is a later process with its number', async () => {
  const at = somewhere();
  const child = spawn('true');
  await once(child, 'exit');
  writeUpFile(at, about(child.pid!));
  expect(findUp(at)).toBeUndefined();
  writeUpFile(at, {...about(process.pid), processStart: '1'});
  expect(findUp(at)).toBeUndefined();
});

test('only the one who wrote it takes it away', () => {
  const at = somewhere();
  writeUpFile(at, about(process.pid));
  removeUpFile(at, process.pid + 1);
  expect(findUp(at)).toBeDefined();
  removeUpFile(at, process.pid);
  expect(findUp(at)).toBeUndefined();
});
