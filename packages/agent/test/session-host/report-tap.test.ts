import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawnSync} from 'node:child_process';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {newAttemptId, newId} from '@boxyard/core/config';
import {JobReports, reportedResult} from '../../src/session-host/job-reports.ts';
import {spoolDir} from '../../src/session-host/spool.ts';
import {type Report, ReportTap} from '../../src/session-host/report-tap.ts';
import {REPORT_SCRIPT} from '../../src/steps/report-script.ts';

const secret = 'f'.repeat(64);
const mark = (text: string, by = secret) => `\u001b]6973;${by};${text}\u0007`;

function heard(...parts: readonly (string | Uint8Array)[]): Report[] {
  const reports: Report[] = [];
  const tap = new ReportTap(secret, report => reports.push(report));
  for (const part of parts) tap.push(typeof part === 'string' ? Buffer.from(part) : part);
  return reports;
}

test('what is reported is heard wherever the bytes are cut', () => {
  const all = Buffer.from(`a${mark('log;one')}\u001b[31mb\u001b]0;title\u0007${mark('result;{"ä":1}')}${mark('progress;1;;')}`);
  const whole = [
    {kind: 'log', text: 'one'},
    {kind: 'result', text: '{"ä":1}'},
    {kind: 'progress', text: '1;;'},
  ];
  fc.assert(
    fc.property(fc.array(fc.nat(all.length), {maxLength: 8}), cuts => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), all.length];
      expect(heard(...at.slice(1).map((end, i) => all.subarray(at[i], end)))).toEqual(whole);
    }),
  );
});

test('a report that is too long is told as far as it may go, however its bytes come, and the next one is heard', () => {
  const long = mark(`log;${'x'.repeat(200_000)}`);
  const told = (...parts: string[]) => heard(...parts).map(({kind, text}) => `${kind} ${text.length > 65_536 && text.length < 100_000}`);
  expect(told(long, mark('log;on'))).toEqual(['log true', 'log false']);
  const cut = Array.from({length: Math.ceil(long.length / 9_999)}, (_, at) => long.slice(at * 9_999, (at + 1) * 9_999));
  expect(told(...cut, mark('log;on'))).toEqual(['log true', 'log false']);
});

test('who does not know the secret reports nothing, and what has no end is let go', () => {
  expect(heard(mark('log;x', 'e'.repeat(64)), mark('log;x', '*'.repeat(64)), mark('log;x', ''))).toEqual([]);
  expect(heard(`\u001b]6973;${secret};log;`, 'x'.repeat(100_000), mark('log;on')).at(-1)).toEqual({kind: 'log', text: 'on'});
  expect(heard(mark('nonsense'), mark(';'), mark('log;'))).toEqual([{kind: 'log', text: ''}]);
});

test('the script says what the tap hears, whatever is reported, in any POSIX shell there is', () => {
  const shells = ['sh', 'busybox', 'bash', 'dash'].filter(shell => spawnSync(shell, ['-c', 'true']).error === undefined);
  for (const shell of shells) {
    const run = (args: readonly string[], input = '', env: Record<string, string> = {BOXYARD_REPORT_SECRET: secret}) => {
      const lead = shell === 'busybox' ? ['sh'] : [];
      const {status, stderr, stdout} = spawnSync(shell, [...lead, '-c', REPORT_SCRIPT, 'boxyard-report', ...args], {
        input,
        env: {PATH: process.env['PATH'] ?? '', ...env},
      });
      return {status, stdout: stdout.toString(), stderr: stderr.toString(), heard: heard(stderr)};
    };
    const tells = (args: readonly string[], input?: string) => run(args, input).heard;
    expect(tells(['progress', '3'])).toEqual([{kind: 'progress', text: '3;;'}]);
    expect(tells(['progress', '3.5', '10', 'a %s $(id)\n`id`'])).toEqual([{kind: 'progress', text: '3.5;10;a %s $(id) `id`'}]);
    expect(tells(['log', 'a\u0007b', '\u001b]6973;x'])).toEqual([{kind: 'log', text: 'ab ]6973;x'}]);
    expect(tells(['log'], 'one\n-n\nthree')).toEqual(['one', '-n', 'three'].map(text => ({kind: 'log', text})));
    expect(tells(['result', '{"a": "b\\nc"}'])).toEqual([{kind: 'result', text: '{"a": "b\\nc"}'}]);
    expect(tells(['result'], '[1,\n 2]\n')).toEqual([{kind: 'result', text: '[1,  2] '}]);
    for (const wrong of [[], ['progress'], ['progress', '-1'], ['progress', '1', 'x'], ['other'], ['result', '1', '2']])
      expect(run(wrong)).toMatchObject({status: 2, heard: []});
    expect(run(['progress', '1'], '', {})).toMatchObject({status: 1, stderr: expect.stringContaining('BOXYARD_REPORT_SECRET is not set')});
  }
  expect(shells.length).toBeGreaterThan(1);
});

test('the last good result is kept for whoever comes after; what is wrong is said in the log', () => {
  const dir = mkdtempSync(join(tmpdir(), 'reports-'));
  const of = {job: newId('j'), attempt: {number: 1, id: newAttemptId()}};
  const lines: string[] = [];
  const told: unknown[] = [];
  const reports = new JobReports({
    spoolDir: spoolDir(dir, of.job, of.attempt),
    onLine: line => lines.push(line),
    onProgress: one => told.push(one),
  });
  const take = (kind: string, text: string) => reports.take({kind, text});
  expect(reportedResult(dir, of)).toBeUndefined();
  for (const text of ['{"a":1}', '{"a":2}', '{"a":', JSON.stringify('x'.repeat(65_535))]) take('result', text);
  expect(reportedResult(dir, of)).toBe('{"a":2}');
  for (const text of ['1;2;a', '2;2;b', 'x;;', '1e9;;']) take('progress', text);
  take('log', 'hello');
  take('log', 'x'.repeat(70_000));
  take('other', '');
  expect(told).toEqual([{step: 'a', done: 1, total: 2}]);
  expect(lines).toEqual([
    'boxyard-report: the result is not JSON; it was left out.\n',
    'boxyard-report: a result has at most 65536 bytes; it was left out.\n',
    'boxyard-report: progress is a number, perhaps of how many, and a text; it was left out.\n',
    'boxyard-report: progress is a number, perhaps of how many, and a text; it was left out.\n',
    'hello\n',
    `${'x'.repeat(65_536)}\n`,
    'boxyard-report: a line has at most 65536 bytes; the end of the one above was left out.\n',
    'boxyard-report: other is nothing that can be reported; it was left out.\n',
  ]);
  reports.close();
  rmSync(dir, {recursive: true});
});
