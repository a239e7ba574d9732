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
