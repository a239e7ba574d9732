import {expect, test} from 'vitest';
import type {RoleDocument} from '../../src/api/index.ts';
import {runEnv} from '../../src/clusters/rules-run.ts';

const role: RoleDocument = {name: 'w', command: ['true']};
const issueOf = (asked: Parameters<typeof runEnv>[1], prompt?: string): unknown => {
  try {
    runEnv({...role, ...(prompt !== undefined && {prompt})}, asked, {});
  } catch (error) {
    return (error as {details: unknown}).details;
  }
  return 'none';
};

test('of what does not fit into an environment the largest part is named, also where a template puts it in once more', () => {
  const long = 'x'.repeat(100_000);
  expect(issueOf({payload: JSON.stringify(long)})).toBe('none');
  expect(issueOf({payload: JSON.stringify(long + long)})).toMatchObject({field: 'payload'});
  expect(issueOf({payload: JSON.stringify(long)}, '{{WEBHOOK_PAYLOAD}}')).toMatchObject({field: 'payload'});
  expect(issueOf({inputs: {a: long, b: long}})).toMatchObject({field: 'inputs'});
  expect(issueOf({prompt: long + long, payload: '{}'})).toMatchObject({field: 'prompt'});
});
