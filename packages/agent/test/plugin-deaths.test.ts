import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {PluginDeaths} from '../src/plugin-deaths.ts';

function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'deaths-'));
  return {dir, [Symbol.dispose]: () => rmSync(dir, {recursive: true})};
}

const never = () => new Promise<never>(() => undefined);
/** A process that ends in these calls, as one that is killed does: what it began it never ends. */
const die = async (dir: string, ...calls: readonly [module: string, call: string][]) => {
  const deaths = new PluginDeaths(dir);
  for (const [module, call] of calls) void deaths.during(module, call, never);
  await new Promise(resolve => setImmediate(resolve));
};

test('a plugin in whose calls three processes ended is off, and named with its call', async () => {
  using at = folder();
  for (let i = 0; i < 2; i += 1) await die(at.dir, ['mine', 'probe']);
  expect(new PluginDeaths(at.dir).whyOff('mine')).toBeUndefined();
  await die(at.dir, ['mine', 'probe']);
  const deaths = new PluginDeaths(at.dir);
  expect(deaths.whyOff('mine')).toMatch(/3 times in its call probe/);
  expect(deaths.whyOff('other')).toBeUndefined();
});

test('deaths that lie far apart, and ends in order, are held against nobody', async () => {
  using at = folder();
  for (let i = 0; i < 3; i += 1) await die(at.dir, ['mine', 'probe']);
  expect(new PluginDeaths(at.dir, Date.now() + 3_600_000).whyOff('mine')).toBeUndefined();
  using again = folder();
  for (let i = 0; i < 3; i += 1) await die(again.dir, ['mine', 'probe']);
  new PluginDeaths(again.dir).close();
  expect(new PluginDeaths(again.dir).whyOff('mine')).toBeUndefined();
});

test('of two at once none is blamed, and from then on they are called one at a time', async () => {
  using at = folder();
  await die(at.dir, ['mine', 'probe'], ['other', 'probe']);
  expect(new PluginDeaths(at.dir).whyOff('other')).toBeUndefined();
  const deaths = new PluginDeaths(at.dir);
  const begun: string[] = [];
  const first = Promise.withResolvers<void>();
  const both = [
    deaths.during('mine', 'probe', async () => (begun.push('mine'), first.promise)),
    deaths.during('other', 'probe', async () => void begun.push('other')),
  ];
  await new Promise(resolve => setImmediate(resolve));
  expect(begun).toEqual(['mine']);
  first.resolve();
  await Promise.all(both);
  expect(begun).toEqual(['mine', 'other']);
});
