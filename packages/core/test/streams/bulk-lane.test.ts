import {expect, it} from 'vitest';
import {BulkLane, FrameQueue} from '../../src/streams/bulk-lane.ts';

it('says that somebody looks on as long as one watched source is in it', () => {
  const lane = new BulkLane(() => undefined);
  const log = lane.add({next: () => undefined});
  expect(lane.isWatched).toBe(false);
  const leave = [lane.add({next: () => undefined}, true), lane.add({next: () => undefined}, true)];
  expect(lane.isWatched).toBe(true);
  leave[0]!();
  leave[0]!();
  log();
  expect(lane.isWatched).toBe(true);
  leave[1]!();
  expect(lane.isWatched).toBe(false);
});

it('lets sources take turns, and stops while much waits in the socket', async () => {
  const sent: string[] = [];
  const socket = {bufferedAmount: 0, send: (frame: Buffer) => void sent.push(frame.toString())};
  const lane = new BulkLane(() => socket, 100);
  const source = (name: string, count: number) => {
    let left = count;
    return {next: () => (left-- > 0 ? Buffer.from(name) : undefined)};
  };
  lane.add(source('a', 3));
  lane.add(source('b', 2));
  await new Promise(resolve => setImmediate(resolve));
  expect(sent.join('')).toBe('ababa');
  socket.bufferedAmount = 100;
  lane.add(source('c', 1));
  await new Promise(resolve => setImmediate(resolve));
  expect(sent.join('')).toBe('ababa');
});

/** A socket that takes so many frames, and the names of what it was given. */
function smallSocket() {
  const sent: string[] = [];
  const socket = {
    room: 0,
    get bufferedAmount() {
      return socket.room > 0 ? 0 : 100;
    },
    send(frame: Buffer) {
      socket.room -= 1;
      sent.push(frame.toString());
    },
  };
  const lane = new BulkLane(() => socket, 100);
  const give = async (room: number) => {
    socket.room = room;
    lane.wake();
    await new Promise(resolve => setImmediate(resolve));
    return sent.splice(0).join('');
  };
  return {lane, give};
}

it('goes on with the next in turn where the socket had no more room', async () => {
  const {lane, give} = smallSocket();
  for (const name of ['a', 'b', 'c']) lane.add({next: () => Buffer.from(name)});
  expect([await give(2), await give(2), await give(2)]).toEqual(['ab', 'ca', 'bc']);
});

it('lets what is small and comes after a pause go first, and once', async () => {
  const {lane, give} = smallSocket();
  for (const name of ['a', 'b', 'c']) lane.add({next: () => Buffer.from(name)});
  const echo = new FrameQueue(lane);
  expect(await give(1)).toBe('a');
  echo.push(Buffer.from('!'));
  echo.push(Buffer.from('?'));
  expect([await give(2), await give(3)]).toEqual(['!b', 'ca?']);
  echo.push(Buffer.alloc(5_000, 'x'));
  expect(await give(1)).toBe('b');
});

it('forgets who has left', async () => {
  const {lane, give} = smallSocket();
  const gone = new FrameQueue(lane);
  gone.push(Buffer.from('!'));
  gone.leave();
  expect(await give(5)).toBe('');
});

it('asks all who stay, also where others leave in their turn', async () => {
  const {lane, give} = smallSocket();
  const [first, second, third] = [new FrameQueue(lane), new FrameQueue(lane), new FrameQueue(lane)];
  for (const leaving of [first, second]) leaving.finish(() => leaving.leave());
  third.push(Buffer.from('c'.repeat(8 * 1024)));
  expect(await give(10)).toHaveLength(8 * 1024);
});
