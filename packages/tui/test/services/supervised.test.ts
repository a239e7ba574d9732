import {mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test, vi} from 'vitest';
import {supervise} from '../../src/services/supervised.ts';

const logFile = () => join(mkdtempSync(join(tmpdir(), 'boxyard-child-')), 'child.log');

test('a child that dies is started again, until it is stopped', async () => {
  const pids: number[] = [];
  const log = logFile();
  const command = ['/bin/sh', '-c', 'echo here; exec sleep 60'] as const;
  const child = supervise({
    name: 'x',
    command,
    env: process.env,
    logFile: log,
    onStart: pid => void pids.push(pid),
    onEnd: () => undefined,
  });
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toBe('here\n'), 5_000);
  process.kill(pids[0]!, 'SIGKILL');
  await vi.waitFor(() => expect(pids).toHaveLength(2), 5_000);
  await child.stop(1_000);
  expect(child.pid).toBeUndefined();
});

test('a final exit code is final', async () => {
  const ends: unknown[] = [];
  supervise({
    name: 'x',
    command: ['/bin/sh', '-c', 'exit 6'],
    env: process.env,
    logFile: logFile(),
    finalCodes: [6],
    onEnd: end => void ends.push(end),
  });
  await vi.waitFor(() => expect(ends).toEqual([{code: 6, signal: null, againInMs: undefined}]), 5_000);
});

test('a child that is deaf to SIGTERM is killed after its grace', async () => {
  const log = logFile();
  const command = ['/bin/sh', '-c', `trap '' TERM; echo deaf; while :; do sleep 0.1; done`] as const;
  const child = supervise({name: 'x', command, env: process.env, logFile: log, onEnd: () => undefined});
  await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toBe('deaf\n'), 5_000);
  await child.stop(100);
  expect(child.pid).toBeUndefined();
});
