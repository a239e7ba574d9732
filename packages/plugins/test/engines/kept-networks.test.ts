import {expect, it, vi} from 'vitest';
import {keepForNext, letGoOfAll, takeBack} from '../../src/engines/docker-api/kept-networks.ts';

const keeper = () => {
  const removed: string[] = [];
  const remove = async (_: unknown, name: string) => void removed.push(name);
  return {api: {keptNetworks: new Map<string, NodeJS.Timeout>()}, removed, remove};
};

it('a network that nobody took back goes after its while', async () => {
  const {api, removed, remove} = keeper();
  keepForNext(api, 'one', remove, 1);
  await vi.waitFor(() => expect(removed).toEqual(['one']), 10_000);
  expect(api.keptNetworks.size).toBe(0);
});

it('one that was taken back stays, and its while begins anew with its next last box', async () => {
  const {api, removed, remove} = keeper();
  keepForNext(api, 'used', remove, 1);
  takeBack(api, 'used');
  keepForNext(api, 'again', remove, 1);
  keepForNext(api, 'again', remove, 60_000);
  keepForNext(api, 'later', remove, 2);
  await vi.waitFor(() => expect(removed).toEqual(['later']), 10_000);
  expect([...api.keptNetworks.keys()]).toEqual(['again']);
  takeBack(api, 'again');
});

it('all go at once when nothing is made any more, whatever becomes of one of them', async () => {
  const {api, removed, remove} = keeper();
  const refused = async (_: unknown, name: string) => (name === 'busy' ? Promise.reject(new Error('in use')) : remove(_, name));
  for (const name of ['busy', 'one', 'two']) keepForNext(api, name, refused);
  await letGoOfAll(api, refused);
  expect(removed).toEqual(['one', 'two']);
  expect(api.keptNetworks.size).toBe(0);
});
