import {chmodSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** One temporary directory for a whole run of tests, gone with it: a test that is killed cannot clear up after itself. */
export default function setup(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'bxt-'));
  // Programs of other users get to their own directories inside.
  chmodSync(dir, 0o755);
  process.env['TMPDIR'] = dir;
  return () => rmSync(dir, {recursive: true, force: true, maxRetries: 3});
}
