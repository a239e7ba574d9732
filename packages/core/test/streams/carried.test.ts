import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import {text} from 'node:stream/consumers';
import {expect, onTestFinished, test} from 'vitest';
import {Carried, STREAM_WINDOW} from '../../src/streams/index.ts';
import {waitFor} from '../redis-for-tests.ts';

/** Two connected sockets of this machine. */
async function pair(): Promise<[Socket, Socket]> {
  const server: Server = createServer({allowHalfOpen: true}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true});
  const [far] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  far.on('error', () => undefined);
  return [near, far];
}

interface End {
  readonly carried: Carried;
  readonly over: (Error | undefined)[];
  readonly sent: () => number;
}

/** Two carried streams joined as a wire joins them. */
function joined(a: Socket, b: Socket): [End, End] {
  const ends: End[] = [];
  const made = (near: Socket, other: () => End): End => {
    const over: (Error | undefined)[] = [];
    let sent = 0;
    const carried: Carried = new Carried(near, {
      ready: () =>
        queueMicrotask(() => {
          for (let part = carried.next(32 * 1024); part; part = carried.next(32 * 1024)) {
            sent += part.bytes.length;
            other().carried.receive(part.bytes);
          }
        }),
      credit: bytes => other().carried.credit(bytes),
      end: length => other().carried.receiveEnd(length),
      over: error => {
        over.push(error);
        if (error !== undefined) other().carried.cut();
      },
    });
    return {carried, over, sent: () => sent};
  };
  ends.push(made(a, () => ends[1]!));
  ends.push(made(b, () => ends[0]!));
  return [ends[0]!, ends[1]!];
}

test('every byte arrives, each direction ends by itself, and then it is over on both sides', async () => {
  const [here, near] = await pair();
  const [far, there] = await pair();
  const [first, second] = joined(near, far);
  const sent = randomBytes(3 * 1024 * 1024);
  const got = createHash('sha256');
  there.on('data', bytes => got.update(bytes));
  here.end(sent);
  await once(there, 'end');
  expect(got.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
  expect([first.over, second.over]).toEqual([[], []]);
  const answer = text(here);
  there.end('said after the other side had ended');
  expect(await answer).toBe('said after the other side had ended');
  await waitFor(() => first.over.length === 1 && second.over.length === 1);
  expect([...first.over, ...second.over]).toEqual([undefined, undefined]);
});

test('a reader that is stuck holds no more than a window', async () => {
  const [here, near] = await pair();
  const [far, there] = await pair();
  const [first] = joined(near, far);
  there.pause();
  const block = randomBytes(1024 * 1024);
  let blocks = 0;
  const write = () => {
    while (blocks < 64 && here.write(block)) blocks += 1;
  };
  here.on('drain', write);
  write();
  let before = -1;
  await waitFor(async () => {
    const now = first.sent();
    const isStill = now === before && now > 0;
    before = now;
    await new Promise(resolve => setTimeout(resolve, 100));
    return isStill;
  });
  expect(far.writableLength).toBeLessThanOrEqual(STREAM_WINDOW);
  expect(near.readableLength).toBeLessThanOrEqual(2 * 64 * 1024);
  expect(blocks).toBeLessThan(64);
});

test('a connection that is reset on one side is reset on the other', async () => {
  const [here, near] = await pair();
  const [far, there] = await pair();
  joined(near, far);
  const broken = once(there, 'error');
  there.resume();
  here.write('x');
  await once(there, 'data');
  here.resetAndDestroy();
  expect((await broken)[0]).toMatchObject({code: 'ECONNRESET'});
});

test('bytes without credit end it', async () => {
  const [near, there] = await pair();
  there.pause();
  const over: (Error | undefined)[] = [];
  const carried = new Carried(near, {
    ready: () => undefined,
    credit: () => undefined,
    end: () => undefined,
    over: error => over.push(error),
  });
  carried.receive(Buffer.alloc(STREAM_WINDOW + 1));
  expect(over).toMatchObject([{code: 'INTERNAL'}]);
  expect(near.destroyed).toBe(true);
});
