import {expect, test} from 'vitest';
import {resolveCommand} from '../../src/cli/resolve-command.ts';

const ids = [
  'run',
  'exec',
  'up',
  'jobs:list',
  'jobs:show',
  'devboxes:list',
  'devboxes:remove',
  'workers:list',
  'workers:show',
  'worker:join',
  'worker:run',
];
const resolve = (line: string) => resolveCommand(line.split(' ').filter(Boolean), ids, ['exit-codes']);

test.each([
  ['jobs list', 'jobs:list', []],
  ['job ls -o json', 'jobs:list', ['-o', 'json']],
  ['devbox rm web --now', 'devboxes:remove', ['web', '--now']],
  ['worker list', 'workers:list', []],
  ['worker join', 'worker:join', []],
  ['run -- jobs list', 'run', ['--', 'jobs', 'list']],
  ['exec web ls', 'exec', ['web', 'ls']],
])('%s is %s', (line, id, rest) => {
  expect(resolve(line)).toEqual({kind: 'command', id, rest});
});

test.each([
  ['jobs', ['jobs']],
  ['job', ['jobs']],
  ['help', []],
  ['--help', []],
  ['help job ls', ['jobs', 'list']],
  ['jobs show --help', ['jobs', 'show']],
  ['help exit-codes', ['exit-codes']],
])('%s asks for help', (line, subject) => {
  expect(resolve(line)).toEqual({kind: 'help', subject});
});

test.each([
  ['jobz list', 'boxyard jobs list'],
  ['jobs lst', 'boxyard jobs list'],
  ['rn', 'boxyard run'],
  ['help jobz', 'boxyard jobs'],
  ['help jobs lst', 'boxyard jobs list'],
  ['help nonsense', undefined],
])('%s is answered with %s', (line, suggestion) => {
  expect(resolve(line)).toMatchObject({kind: 'unknown', suggestion});
});

test('--help behind -- belongs to the command', () => {
  expect(resolve('run -- ls --help')).toMatchObject({kind: 'command', id: 'run'});
});

test('a beginning of a command is not guessed', () => {
  expect(resolve('job li')).toMatchObject({kind: 'unknown'});
});
