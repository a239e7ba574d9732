import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {watchFolder} from '../../src/services/watched-folder.ts';

const newDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-watched-'));
  onTestFinished(() => rmSync(dir, {recursive: true, force: true}));
  return dir;
};
const longMs = 60_000;

test('whoever waits is woken by a change, also by one that came before the wait', async () => {
  const dir = newDir();
  using folder = watchFolder(dir);
  const waiting = folder.changed(longMs);
  writeFileSync(join(dir, 'a'), 'a');
  await waiting;
  writeFileSync(join(dir, 'b'), 'b');
  await folder.changed(longMs);
});

test('without a change the wait ends in time, as it does in a folder that cannot be watched', async () => {
  using folder = watchFolder(newDir());
  await folder.changed(20);
  using none = watchFolder(join(newDir(), 'none'));
  await none.changed(20);
});

test('a wait that is given up rejects', async () => {
  using folder = watchFolder(newDir());
  const stopping = new AbortController();
  const waiting = folder.changed(longMs, stopping.signal);
  stopping.abort();
  await expect(waiting).rejects.toThrow(/abort/);
});
