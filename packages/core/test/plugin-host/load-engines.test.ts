import {expect, it} from 'vitest';
import {definition, load, quietEngine} from './plugins-for-tests.ts';

const missing = Object.assign(new Error('Cannot find package'), {code: 'ERR_MODULE_NOT_FOUND'});

it.concurrent.each([
  {what: 'a module that is not there', module: missing, problem: 'not-found'},
  {what: 'a module that throws while it loads', module: new Error('boom'), problem: 'import'},
  {what: 'a module without a default export', module: undefined, problem: 'export'},
  {what: 'a definition of no kind', module: definition({kind: 'motor'}), problem: 'kind'},
  {what: 'a definition of another kind', module: definition({kind: 'reporter'}), problem: 'kind'},
  {what: 'a definition without a name', module: definition({name: 'Has Spaces'}), problem: 'name'},
  {what: 'a definition without an api range', module: definition({api: 1}), problem: 'api'},
  {what: 'a definition for a newer api', module: definition({api: {oldest: 7, newest: 9}}), problem: 'api'},
  {what: 'a definition whose config is no schema', module: definition({config: {}}), problem: 'schema'},
  {what: 'a definition without create', module: definition({create: undefined}), problem: 'create'},
  {what: 'an engine without its methods', module: definition({create: () => ({})}), problem: 'shape'},
  {what: 'an engine without features', module: definition({create: () => ({...quietEngine, features: undefined})}), problem: 'shape'},
])('$what is PLUGIN_INVALID and says so ($problem)', async ({module, problem}) => {
  await using loading = await load({'some-plugin': module});
  expect(loading.loaded).toEqual([]);
  expect(loading.failures.map(({code, details}) => [code, details['problem']])).toEqual([['PLUGIN_INVALID', problem]]);
});

it('names the field of a config that is wrong', async () => {
  await using loading = await load({'some-plugin': definition()}, {size: 'big'});
  expect(loading.failures[0]?.code).toBe('PLUGIN_CONFIG');
  expect(loading.failures[0]?.message).toContain('size');
});

it('names the plugin whose create throws, whatever it throws', async () => {
  await using loading = await load({
    'some-plugin': definition({
      create: () => {
        throw 'a string';
      },
    }),
  });
  expect(loading.failures.map(({code, details}) => [code, details['plugin'], details['call']])).toEqual([
    ['PLUGIN_FAILED', 'odd', 'create'],
  ]);
});

it('loads the others when one fails, in the order of the settings', async () => {
  await using loading = await load({
    first: definition({name: 'first'}),
    broken: new Error('boom'),
    last: definition({name: 'last', create: () => ({...quietEngine, features: {stats: async () => ({cpuSeconds: 0, memoryBytes: 0})}})}),
  });
  expect(loading.loaded.map(({name, features}) => [name, features])).toEqual([
    ['first', []],
    ['last', ['stats']],
  ]);
  expect(loading.failures).toHaveLength(1);
});

it('refuses the second of two plugins with one name', async () => {
  await using loading = await load({one: definition(), two: definition()});
  expect(loading.loaded).toHaveLength(1);
  expect(loading.failures[0]?.message).toContain('already called odd');
});
