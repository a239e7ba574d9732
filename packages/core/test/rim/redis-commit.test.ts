import {afterAll, beforeAll, expect, test} from 'vitest';
import {type TestRedis, startTestRedis} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('a change happens whole or not at all, and says which guard failed and what was there', async () => {
  const rim = await redis.rim();
  const key = rim.keys.job('a');
  const other = rim.keys.job('b');
  const set = (v: number, expected: string) =>
    rim.commit(change => {
      change.do(other, 'SET', String(v));
      change.is('record', key, expected);
      change.do(key, 'SET', `{"v":${v},"text":"ä€ \\n"}`);
    });
  expect(await set(1, '')).toEqual({done: true, lastChildEnded: false});
  expect(await set(9, '')).toMatchObject({done: false, failed: 'record', found: '{"v":1,"text":"ä€ \\n"}'});
  expect(await rim.ask(client => client.get(other))).toBe('1');
  expect(await set(2, '{"v":1,')).toMatchObject({done: true});
  expect(await rim.ask(client => client.get(key))).toBe('{"v":2,"text":"ä€ \\n"}');
});

test('reservations never go over what there is, count once, and are given back once', async () => {
  const rim = await redis.rim();
  const at = {held: rim.keys.held('w'), used: rim.keys.used('w')};
  const total = {slots: 3, memory: 2 ** 40};
  const take = (who: string) =>
    rim.commit(change => {
      change.room('room', at.used, {slots: 1, memory: 2 ** 30}, total);
      change.hold(at, who, {slots: 1, memory: 2 ** 30});
    });
  const answers = await Promise.all(Array.from({length: 20}, (_, i) => take(`j${i}`)));
  expect(answers.filter(answer => answer.done).length).toBe(3);
  await take('j0');
  for (let i = 0; i < 2; i++) await rim.commit(change => void change.free(at, 'j0'));
  expect(await rim.ask(client => client.hgetall(at.used))).toEqual({slots: '2', memory: String(2 ** 31)});
  await rim.commit(change => void change.pass(at, 'j1', {who: 'd1', room: {slots: 0, memory: 5}}));
  expect(await rim.ask(client => client.hgetall(at.used))).toEqual({slots: '1', memory: String(2 ** 30 + 5)});
});

test('events are numbered without a gap, in a new life after the incarnation rose', async () => {
  const rim = await redis.rim();
  const {keys} = rim;
  const add = () =>
    rim.commit(change => void change.event({seq: keys.seq('t'), stream: keys.events('t'), incarnation: keys.incarnation}, '{}'));
  await Promise.all(Array.from({length: 50}, add));
  await rim.ask(client => client.set(keys.incarnation, '2'));
  await add();
  const ids = (await rim.ask(client => client.xrange(keys.events('t'), '-', '+'))).map(([id]) => id);
  expect(ids).toEqual([...Array.from({length: 50}, (_, i) => `1-${i + 1}`), '2-51']);
});

test('changes asked for at once go in few calls, in order, and each of them fails alone', async () => {
  const rim = await redis.rim();
  const {keys} = rim;
  const used = keys.used('w');
  const grow = (v: number) =>
    rim.commit(change => {
      change.is('record', keys.job('a'), v === 1 ? '' : `{"v":${v - 1},`);
      if (v === 30) change.do(keys.job('a'), 'HSET', 'not', 'a hash');
      change.do(keys.job('a'), 'SET', `{"v":${v},}`);
      change.hold({held: keys.held('w'), used}, `j${v}`, {slots: 1, memory: 1});
      change.child({totals: keys.totals('p'), due: keys.due}, {from: 'queued', to: 'running', parent: 'j:p', now: 1});
    });
  const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await rim.ask(client => client.info('commandstats')))?.[1] ?? 0);
  await rim.ask(client => client.hset(keys.totals('p'), 'queued', '100'));
  const before = await calls();
  const answers = await Promise.allSettled(Array.from({length: 40}, (_, i) => grow(i + 1)));
  expect((await calls()) - before).toBeLessThan(10);
  expect(answers[29]).toMatchObject({status: 'rejected', reason: {message: expect.stringMatching(/WRONGTYPE/) as string}});
  expect(answers.filter(each => each.status === 'fulfilled' && each.value.done).length).toBe(29);
  expect(answers[35]).toMatchObject({status: 'fulfilled', value: {done: false, failed: 'record', found: '{"v":29,}'}});
  expect(await rim.ask(client => client.hgetall(used))).toEqual({slots: '29', memory: '29'});
  expect(await rim.ask(client => client.hgetall(keys.totals('p')))).toEqual({queued: '71', running: '29'});
  const thrown = rim.commit(() => {
    throw new Error('mine');
  });
  await expect(thrown).rejects.toThrow('mine');
});

test('a sum that is reset in the same call starts from what it was reset to', async () => {
  const rim = await redis.rim();
  const at = {held: rim.keys.held('w'), used: rim.keys.used('w')};
  const room = {slots: 1, memory: 10};
  await Promise.all([
    rim.commit(change => void change.hold(at, 'a', room)),
    rim.commit(change => void change.do(at.used, 'DEL')),
    rim.commit(change => void change.hold(at, 'b', room)),
  ]);
  expect(await rim.ask(client => client.hgetall(at.used))).toEqual({slots: '1', memory: '10'});
});

test('a part of a key that could reach another key is refused', async () => {
  const {keys} = await redis.rim();
  for (const part of ['a:b', '{x}', '', 'a b', '*', 'a\nb']) expect(() => keys.job(part)).toThrow();
});

test('a script that Redis forgot is sent again', async () => {
  const rim = await redis.rim();
  const set = () => rim.commit(change => void change.do(rim.keys.job('a'), 'SET', '1'));
  await set();
  await rim.ask(client => client.script('FLUSH'));
  expect(await set()).toMatchObject({done: true});
});
