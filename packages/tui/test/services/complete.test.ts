import {describe, expect, test} from 'vitest';
import {complete, type Catalogue, type Completion, type KnownFlag} from '../../src/services/complete.ts';

const option = (helpValue?: string, char?: string): KnownFlag => ({
  type: 'option',
  ...(helpValue === undefined ? {} : {helpValue}),
  ...(char === undefined ? {} : {char}),
});
const flags = {
  profile: option('open|standard|strict|offline'),
  worker: option(),
  image: option(),
  engine: option(),
  dir: option(),
  memory: option('SIZE'),
  label: {...option('KEY=VALUE', 'l'), multiple: true},
  detach: {type: 'boolean', char: 'd'},
};
const catalogue: Catalogue = {
  commands: {
    run: {flags, args: {}, summary: 'Run it'},
    exec: {flags: {user: option()}, args: {devbox: {}}},
    'jobs:list': {flags: {}, args: {}},
    'jobs:show': {flags: {}, args: {job: {}}},
    'devboxes:create': {flags, args: {name: {}}},
    'config:get': {flags: {}, args: {key: {}}},
    __complete: {flags: {}, args: {}, hidden: true},
  },
  topics: {jobs: {}, config: {}, devboxes: {}},
  settings: ['output', 'image'],
  shells: ['bash'],
  helpTopics: ['exit-codes'],
};
const told = (found: Completion) =>
  typeof found === 'string' ? found : 'names' in found ? `names ${found.names}` : found.words.map(({word}) => word).join(' ');
const after = (line: string) => told(complete(line.split(' '), catalogue));

describe('after boxyard', () => {
  test.each([
    ['', 'config devboxes exec help jobs run'],
    ['jobs ', 'list show'],
    ['job ', 'list show'],
    ['jobs show ', 'names jobs'],
    ['jobs show j-a ', 'nothing'],
    ['config get ', 'output image'],
    ['devboxes create ', 'nothing'],
    ['exec ', 'names devboxes'],
    ['exec web ', 'files'],
    ['exec --user me ', 'names devboxes'],
    ['run --profile ', 'open standard strict offline'],
    ['run --worker ', 'names workers'],
    ['run --image ', 'names images'],
    ['run --engine ', 'podman docker process'],
    ['run --dir ', 'files'],
    ['run --memory ', 'nothing'],
    ['run -d --worker ', 'names workers'],
    ['run -l a=b --worker ', 'names workers'],
    ['run -- ls -', 'files'],
    ['help ', 'config devboxes exec help jobs run exit-codes'],
    ['help jobs ', 'list show'],
    ['nonsense ', ''],
    ['nonsense more ', 'nothing'],
  ])('“%s” may go on with: %s', (line, expected) => {
    expect(after(line)).toBe(expected);
  });

  test('options that were given are offered again only where they may be repeated', () => {
    const found = after('run --worker nas --label a=b -').split(' ');
    expect([found.includes('--worker'), found.includes('--label'), found.includes('--image')]).toEqual([false, true, true]);
  });
});
