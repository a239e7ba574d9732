import {spawnSync} from 'node:child_process';
import {chmodSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {completionScript} from '../../src/services/completion.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;
const wordBreaks = ` \t\n"'><=;|&(:`;

/** A bash in which `boxyard` is a script that answers with these lines; resolves to what it would offer for the line. */
function inBash(line: string, answer: readonly string[]): readonly string[] {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-completion-'));
  writeFileSync(join(dir, 'boxyard'), `#!/bin/sh\nprintf '%s\\n' "$*" >${dir}/asked\ncat <<'E'\n${answer.join('\n')}\nE\n`);
  chmodSync(join(dir, 'boxyard'), 0o755);
  const script = `${completionScript('bash')}
COMP_WORDBREAKS=$2; COMP_LINE=$1; COMP_POINT=\${#1}; compopt() { echo "files"; }
_boxyard; printf '%s\\n' "\${COMPREPLY[@]}"; cat ${dir}/asked`;
  const {stdout} = spawnSync('bash', ['--norc', '-c', script, 'bash', line, wordBreaks], {
    env: {PATH: `${dir}:${process.env['PATH']}`},
    encoding: 'utf8',
  });
  const lines = stdout.replace(/\n$/, '').split('\n');
  return [...lines.slice(0, -1), `asked: ${lines.at(-1)}`];
}

test.skipIf(!has('bash'))(
  'bash offers the words without what they mean, asks with the words of the line, and leaves files to the shell',
  () => {
    expect(inBash('boxyard jobs sh', ['show\tShow one job'])).toEqual(['show', 'asked: __complete -- jobs sh']);
    expect(inBash('boxyard jobs ', ['list', 'show'])).toEqual(['list', 'show', 'asked: __complete -- jobs ']);
    expect(inBash('boxyard run --dir /e', [':files'])).toEqual(['files', '', 'asked: __complete -- run --dir /e']);
  },
);

test.skipIf(!has('bash'))('bash, which parts words at colons, still completes names of images', () => {
  expect(inBash('boxyard images check localhost/a:1', ['localhost/a:1', 'localhost/a:12'])[1]).toBe('12');
  expect(inBash('boxyard images check localhost/a', ['localhost/a:1'])[0]).toBe('localhost/a:1');
});

test('PowerShell reads its script', () => {
  if (spawnSync('pwsh', ['-NoProfile', '-Command', 'exit 0']).status !== 0) return console.log('skipped: no pwsh here');
  const parse = '[scriptblock]::Create([Console]::In.ReadToEnd()) | Out-Null';
  const {status, stderr} = spawnSync('pwsh', ['-NoProfile', '-Command', parse], {input: completionScript('powershell'), encoding: 'utf8'});
  expect([status, stderr]).toEqual([0, '']);
});

test.each(['bash', 'zsh', 'fish'] as const)('%s reads its script', shell => {
  if (!has(shell)) return console.log(`skipped: no ${shell} here`);
  const {status, stderr} = spawnSync(shell, ['-n'], {input: completionScript(shell), encoding: 'utf8'});
  expect([status, stderr]).toEqual([0, '']);
});
