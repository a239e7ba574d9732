import {expect, test} from 'vitest';
import {checkCommand, checkEnv, checkLabels, checkSecretTarget} from '../../src/security/names.ts';
import {imageCandidates, parseImageRef} from '../../src/security/image-ref.ts';
import {checkBranch, parseRepoUrl} from '../../src/security/repo-url.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'ok';
  } catch (error) {
    return (error as {code: string}).code;
  }
};

test('variables are plain names outside our prefix, bounded in all', () => {
  expect(codeOf(() => checkEnv({PATH: '/bin', _x9: 'a\nb'}))).toBe('ok');
  for (const name of ['BOXYARD_JOB', 'boxyard_x']) expect(codeOf(() => checkEnv({[name]: '1'}))).toBe('PROTECTED_NAME');
  for (const name of ['', '9A', 'A-B', 'A B', 'A=B', 'Ä', 'A'.repeat(129)])
    expect([name, codeOf(() => checkEnv({[name]: '1'}))]).toEqual([name, 'INVALID_INPUT']);
  expect(codeOf(() => checkEnv({A: 'x\0y'}))).toBe('INVALID_INPUT');
  expect(codeOf(() => checkEnv({A: 'x'.repeat(129 * 1024)}))).toBe('INVALID_INPUT');
});

test('labels of ours and control characters are refused', () => {
  expect(codeOf(() => checkLabels({'team.example/role': 'ci', 'io.boxyardish': 'x'}))).toBe('ok');
  for (const name of ['io.boxyard', 'io.boxyard.tenant', 'IO.Boxyard.x'])
    expect(codeOf(() => checkLabels({[name]: '1'}))).toBe('PROTECTED_NAME');
  expect(codeOf(() => checkLabels({a: '\u001b]0;title\u0007'}))).toBe('INVALID_INPUT');
});

test('a secret’s file is a plain name, a working directory an absolute path outside /proc', () => {
  expect(codeOf(() => checkSecretTarget('id_rsa', 'file'))).toBe('ok');
  for (const as of ['../x', '/etc/passwd', '.hidden', 'a/b']) expect(codeOf(() => checkSecretTarget(as, 'file'))).toBe('INVALID_INPUT');
  expect(codeOf(() => checkCommand(['ls'], '/workspace/a'))).toBe('ok');
  for (const cwd of ['/proc/self/fd/8', 'relative', '/a/../proc', '//proc/1', '/./proc/1'])
    expect([cwd, codeOf(() => checkCommand(['ls'], cwd))]).toEqual([cwd, 'INVALID_INPUT']);
});

test('image names follow the distribution grammar', () => {
  const good = [
    'debian',
    'debian:12',
    'node:24-slim',
    'owner/name',
    'ghcr.io/owner/name:tag',
    'localhost/base:test',
    'localhost:5000/a/b',
    `a@sha256:${'0'.repeat(64)}`,
  ];
  for (const ref of good) expect([ref, codeOf(() => parseImageRef(ref))]).toEqual([ref, 'ok']);
  const bad = [
    '',
    '-rf',
    'A',
    'a b',
    'a:',
    'a//b',
    '../a',
    'a/',
    'a@sha256:1',
    'a\n',
    'a;b',
    '--privileged',
    'http://x/y',
    'a?b',
    'a'.repeat(256),
  ];
  for (const ref of bad) expect([ref, codeOf(() => parseImageRef(ref))]).toEqual([ref, 'IMAGE_REF_INVALID']);
});

test('a name without a registry is tried on the worker, then at Docker Hub', () => {
  expect(imageCandidates('debian')).toEqual(['localhost/debian:latest', 'docker.io/library/debian:latest']);
  expect(imageCandidates('owner/app:1')).toEqual(['localhost/owner/app:1', 'docker.io/owner/app:1']);
  expect(imageCandidates('ghcr.io/o/a')).toEqual(['ghcr.io/o/a:latest']);
  expect(imageCandidates('docker.io/debian:12')).toEqual(['docker.io/library/debian:12']);
});

test('repositories are https or ssh, without a password in the address', () => {
  const good = ['https://git.example/app.git', 'ssh://git@git.example:2222/a/b.git', 'git@github.com:o/a.git'];
  for (const url of good) expect([url, codeOf(() => parseRepoUrl(url))]).toEqual([url, 'ok']);
  const bad = [
    'http://git.example/a',
    'file:///etc',
    'git://x/y',
    'ext::sh -c id',
    '--upload-pack=id',
    '-x',
    'https://user:pw@x/y',
    'https://token@x/y',
    'https://x/y?tkn=1',
    'ssh://-oProxyCommand=id/x',
    'git@host:-x',
    'https://x/a\r',
    'https://x\\@y/z',
    'https://x',
    'a',
  ];
  for (const url of bad) expect([url, codeOf(() => parseRepoUrl(url))]).toEqual([url, 'URL_REFUSED']);
  expect(() => parseRepoUrl('https://user:hunter2@x/y')).toThrow(
    expect.not.objectContaining({message: expect.stringContaining('hunter2')}),
  );
});

test('branches are names git would take', () => {
  for (const branch of ['main', 'feature/a-b', 'v1.2', 'ä']) expect([branch, codeOf(() => checkBranch(branch))]).toEqual([branch, 'ok']);
  for (const branch of [
    '',
    '-b',
    '--upload-pack=x',
    'a..b',
    'a b',
    'a~1',
    'a:b',
    'a.lock',
    '/a',
    'a/',
    'a//b',
    '@{u}',
    'a\\b',
    '.a',
    'a/.b',
    '@',
    'a\n',
  ])
    expect([branch, codeOf(() => checkBranch(branch))]).toEqual([branch, 'INVALID_INPUT']);
});
