import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Ajv} from 'ajv';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {ClusterDocument, clusterSchema} from '../../src/api/index.ts';

const docs = join(import.meta.dirname, '../../../../docs');
const validate = new Ajv({strict: false, allErrors: true}).compile(clusterSchema());
const issues = (yaml: string): string[] => {
  validate(parse(yaml));
  return (validate.errors ?? []).map(({instancePath, message}) => `${instancePath} ${message}`);
};

test('the file of the documentation fits, and numbers stand where texts are meant', () => {
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(docs, 'clusters.md'), 'utf8')) ?? [];
  expect(example).toContain('roles:');
  expect(issues(example)).toEqual([]);
  const numbers = 'name: a\nroles: [{name: b, command: [sleep, 1], env: {PORT: 3000, ON: true}, matrix: {n: [1, 2]}, each: {list: [1]}}]';
  expect(issues(numbers)).toEqual([]);
});

test('a misspelt field, a wrong policy and a time that is none are told where they are', () => {
  expect(issues('name: a\nroles: [{name: b, comand: [x]}]')).toEqual(['/roles/0 must NOT have additional properties']);
  expect(issues('name: a\nroles: [{name: b, timeout: soon}]')[0]).toMatch(/^\/roles\/0\/timeout must match pattern/);
  expect(issues('name: a\nroles: [{name: b, copies: many}]')).toEqual(['/roles/0/copies must be integer']);
  expect(issues('roles: []')).toEqual([" must have required property 'name'"]);
});

test('it is made of what the server checks with', () => {
  const {properties} = clusterSchema() as {properties: {roles: {items: {properties: object}}}};
  expect(Object.keys(properties)).toEqual(Object.keys(ClusterDocument.shape));
  expect(Object.keys(properties.roles.items.properties)).toEqual(Object.keys(ClusterDocument.shape.roles.element.shape));
});
