import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {startTestRedis, waitFor, type TestRedis} from '../redis-for-tests.ts';
import {signaturesOf, startReceiver, type Receiver, type Received} from './receiver.ts';
import {serverProcess} from './server-process.ts';

const jobs = 15;

/** Like dice, but the same each time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** What a bad receiver does with a request; one in two is taken. */
function misbehave(receiver: Receiver, roll: () => number): {readonly taken: Received[]; readonly most: () => number} {
  const taken: Received[] = [];
  let active = 0;
  let most = 0;
  receiver.answer = (response, received, request) => {
    most = Math.max(most, (active += 1));
    response.once('close', () => (active -= 1));
    const fate = roll();
    if (fate < 0.15) return void response.writeHead(500).end('a banner');
    if (fate < 0.25) return void response.writeHead(301, {location: receiver.url}).end();
    if (fate < 0.35) return void request.socket.resetAndDestroy();
    if (fate < 0.4) return undefined;
    if (fate < 0.45) return void response.writeHead(200).write('x');
    taken.push(received);
    return void response.writeHead(204).end();
  };
  return {taken, most: () => most};
}

/** All that happened to jobs, as the tenant's stream has it. */
async function happened(redis: TestRedis): Promise<readonly Received['event'][]> {
  const rim = await redis.rim('boxyard');
  const [stream] = await rim.ask(client => client.keys('{boxyard}:events:*'));
  const rows = await rim.ask(client => client.xrange(stream!, '-', '+'));
  return rows.map(([, fields]) => JSON.parse(fields[1]!) as Received['event']).filter(({type}) => type.startsWith('job.'));
}

/** In the order of the first time each came. */
const firsts = (got: readonly Received[]) => got.filter(({id}, at) => got.findIndex(each => each.id === id) === at);

test(
  'servers killed between sending and writing it down, and a receiver that does its worst: every event, in order, signed, with one id (I9)',
  {timeout: 180_000},
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bxk-'));
    try {
      await using redis = await startTestRedis();
      await using receiver = await startReceiver();
      const options = {redisUrl: redis.url, scale: 0.04};
      await using first = serverProcess(dir, {...options, name: 'first'});
      await using second = serverProcess(dir, {...options, name: 'second'});
      await first.start();
      const client = first.client();
      const {secret} = await client.webhooksCreate({body: {name: 'chat', url: receiver.url, events: ['job.*']}});
      await client.webhooksDisable({webhook: 'chat'});
      for (let n = 0; n < jobs; n += 1) {
        const job = await client.jobsCreate({body: {command: ['true'], image: 'a'}});
        await client.jobsCancel({job: job.id, body: {}});
      }
      await client.webhooksEnable({webhook: 'chat', body: {}});
      const worst = misbehave(receiver, dice(20_261_122));
      const usual = receiver.answer;
      const kills = new Set([3, 9, 20]);
      receiver.answer = (response, received, request) => {
        // Taken, and whoever sent it does not live to write it down; the second time the other server may have been it.
        if (!kills.delete(receiver.got.length)) return usual(response, received, request);
        first.kill();
        if (kills.size !== 1) second.kill();
        worst.taken.push(received);
        response.writeHead(204).end();
      };
      await second.start().catch(() => undefined);
      const all = await happened(redis);
      await waitFor(
        async () => {
          // One that is killed while it starts is started again.
          for (const server of [first, second]) if (!server.isRunning) await server.start().catch(() => undefined);
          return new Set(worst.taken.map(({id}) => id)).size >= all.length;
        },
        {within: 150_000, every: 100},
      );
      expect(kills.size).toBe(0);
      expect(new Set(worst.taken.map(({id}) => id))).toEqual(new Set(all.map(({id}) => id)));
      expect(firsts(worst.taken).map(({id}) => id)).toEqual(all.map(({id}) => id));
      for (const each of receiver.got) {
        expect(each.signature).toBe(signaturesOf(each, secret!));
        expect(each.id).toBe(each.event.id);
      }
      for (const {id, body} of receiver.got) expect(body).toBe(receiver.got.find(each => each.id === id)!.body);
      expect(worst.most()).toBe(1);
    } finally {
      rmSync(dir, {recursive: true, force: true});
    }
  },
);
