import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {Api, type CallOptions} from '../faults/lab/api.ts';
import {Lab} from '../faults/lab/lab.ts';
import {sendGarbage} from './garbage-agents.ts';

let lab: Lab;
beforeAll(async () => void (lab = await Lab.open({workers: []})), 60_000);
afterAll(() => lab?.[Symbol.asyncDispose](), 60_000);

type Case = readonly [what: string, method: string, path: string, options: CallOptions, status: number, code: string];
const run = (body: unknown): CallOptions => ({body});
const job = `j-${'a'.repeat(26)}`;

const cases: readonly Case[] = [
  ['a body that is not JSON', 'POST', '/v1/jobs', {raw: '{"command":'}, 400, 'INVALID_INPUT'],
  ['a body that is a list', 'POST', '/v1/jobs', {raw: '[]'}, 400, 'INVALID_INPUT'],
  ['no body', 'POST', '/v1/jobs', {}, 400, 'INVALID_INPUT'],
  ['an unknown field', 'POST', '/v1/jobs', run({command: ['true'], comand: 1}), 400, 'INVALID_INPUT'],
  ['a command that is text', 'POST', '/v1/jobs', run({command: 'true'}), 400, 'INVALID_INPUT'],
  ['an empty command', 'POST', '/v1/jobs', run({command: []}), 400, 'INVALID_INPUT'],
  ['a command with a NUL', 'POST', '/v1/jobs', run({engine: 'process', command: ['a\u0000b']}), 400, 'INVALID_INPUT'],
  ['a negative time', 'POST', '/v1/jobs', run({command: ['true'], timeoutMs: -1}), 400, 'INVALID_INPUT'],
  ['a time that is no number', 'POST', '/v1/jobs', run({command: ['true'], timeoutMs: '1s'}), 400, 'INVALID_INPUT'],
  ['a million retries', 'POST', '/v1/jobs', run({command: ['true'], retries: 1_000_000}), 400, 'INVALID_INPUT'],
  ['no image’s name', 'POST', '/v1/jobs', run({command: ['true'], image: 'UPPER CASE'}), 400, 'IMAGE_REF_INVALID'],
  ['an unknown profile', 'POST', '/v1/jobs', run({command: ['true'], profile: 'lax'}), 400, 'INVALID_INPUT'],
  [
    'the profile strict, which has no gateway yet',
    'POST',
    '/v1/jobs',
    run({command: ['true'], image: 'a', profile: 'strict'}),
    400,
    'EGRESS_UNAVAILABLE',
  ],
  ['a repository over http', 'POST', '/v1/jobs', run({command: ['true'], source: {kind: 'repo', url: 'http://x/y'}}), 400, 'URL_REFUSED'],
  [
    'a repository with a password',
    'POST',
    '/v1/jobs',
    run({command: ['true'], source: {kind: 'repo', url: 'https://a:b@x/y'}}),
    400,
    'URL_REFUSED',
  ],
  ['a protected variable', 'POST', '/v1/jobs', run({engine: 'process', command: ['true'], env: {BOXYARD_JOB: 'x'}}), 400, 'PROTECTED_NAME'],
  [
    'a protected label',
    'POST',
    '/v1/jobs',
    run({engine: 'process', command: ['true'], labels: {'io.boxyard.job': 'x'}}),
    400,
    'PROTECTED_NAME',
  ],
  ['a path outside', 'POST', '/v1/jobs', run({engine: 'process', command: ['true'], out: ['../../etc/passwd']}), 400, 'INVALID_INPUT'],
  [
    'an upload nobody made',
    'POST',
    '/v1/jobs',
    run({engine: 'process', command: ['true'], source: {kind: 'dir', blob: 'nope', bytes: 1}}),
    404,
    'NOT_FOUND',
  ],
  ['a job nobody made', 'GET', `/v1/jobs/${job}`, {}, 404, 'NOT_FOUND'],
  ['no id at all', 'GET', '/v1/jobs/..%2f..%2fetc', {}, 404, 'NOT_FOUND'],
  ['the log of a job nobody made', 'GET', `/v1/jobs/${job}/logs`, {}, 404, 'NOT_FOUND'],
  ['a stream that is none', 'GET', `/v1/jobs/${job}/logs?stream=secrets`, {}, 400, 'INVALID_INPUT'],
  ['an offset below zero', 'GET', `/v1/jobs/${job}/logs?from=-1`, {}, 400, 'INVALID_INPUT'],
  ['a limit past all limits', 'GET', '/v1/jobs?limit=1000000', {}, 400, 'INVALID_INPUT'],
  ['a cursor of somebody’s making', 'GET', '/v1/jobs?cursor=%00%ff', {}, 400, 'INVALID_INPUT'],
  ['a DevBox with a bad name', 'POST', '/v1/devboxes', run({name: '../web', image: 'a'}), 400, 'INVALID_INPUT'],
  ['a DevBox nobody made', 'POST', '/v1/devboxes/none/exec', run({command: ['true']}), 404, 'NOT_FOUND'],
  ['a worker nobody has', 'GET', '/v1/workers/none', {}, 404, 'NOT_FOUND'],
  [
    'an invitation nobody made',
    'POST',
    '/v1/invitations/redeem',
    run({secret: 'a'.repeat(52), machine: 'm'.repeat(32), name: 'x'}),
    401,
    'INVITATION_INVALID',
  ],
  ['a path that is none', 'GET', '/v1/nothing', {}, 404, 'NOT_FOUND'],
  ['another method', 'DELETE', '/v1/jobs', {}, 404, 'NOT_FOUND'],
  ['a body that is too large', 'POST', '/v1/jobs', {raw: Buffer.alloc(2 * 1024 * 1024, 'x')}, 413, 'BODY_TOO_LARGE'],
  ['another host’s name', 'GET', '/v1/jobs', {headers: {host: 'evil.example'}}, 403, 'ORIGIN_REFUSED'],
  ['another page’s origin', 'GET', '/v1/jobs', {headers: {origin: 'http://evil.example'}}, 403, 'ORIGIN_REFUSED'],
];

interface Refusal {
  readonly error: {readonly code: string; readonly message: string; readonly hint?: string};
}

describe('what is not right is refused with a code, a sentence and a hint, and changes nothing', () => {
  test.each(cases)('%s', async (...[, method, path, options, status, code]) => {
    const before = (await lab.api.jobs()).length;
    const answer = await lab.api.call<Refusal>(method, path, options);
    expect([answer.status, answer.body?.error?.code], answer.bytes.toString()).toEqual([status, code]);
    expect(answer.body.error.message).toMatch(/^\S.*[.?]$/s);
    expect(answer.body.error.hint ?? '').not.toBe('');
    expect(answer.bytes.toString()).not.toMatch(/\bat .*\.[jt]s:\d+/);
    expect((await lab.api.jobs()).length).toBe(before);
  });

  test('without a token, with a wrong one, and with one that may only read', async () => {
    const {url} = lab.server;
    for (const token of [undefined, 'wrong', `bxt_${'a'.repeat(40)}`]) {
      const answer = await new Api(url, token).call<Refusal>('GET', '/v1/jobs');
      expect([answer.status, answer.body.error.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
    const {token} = await lab.api.must<{token: string}>('POST', '/v1/tokens', {body: {name: 'reader', access: 'viewer'}});
    const reader = new Api(url, token);
    expect((await reader.call('GET', '/v1/jobs')).status).toBe(200);
    expect((await reader.call<Refusal>('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}})).body.error.code).toBe(
      'FORBIDDEN',
    );
  });

  test('the process engine is for owners and admins', async () => {
    const {token} = await lab.api.must<{token: string}>('POST', '/v1/tokens', {body: {name: 'member', access: 'member'}});
    const answer = await new Api(lab.server.url, token).call<Refusal>('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}});
    expect([answer.status, answer.body.error.code]).toEqual([403, 'ENGINE_FORBIDDEN']);
  });

  test('the agents’ door takes no garbage', async () => {
    await sendGarbage(lab);
    expect(lab.server.program.isRunning).toBe(true);
  });
});
