import {expect, it} from 'vitest';
import {BulkLane} from '../../src/streams/bulk-lane.ts';

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
