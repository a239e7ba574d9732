import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {newId} from '../../src/config/index.ts';
import {encodeData} from '../../src/protocol/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import type {FakeAgent, Start} from '../fake-agent.ts';
import {startTestRedis, type TestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => void (redis = await startTestRedis()));
afterAll(() => redis[Symbol.asyncDispose]());

/** Everything an agent can say of a job, said of one it was never given. */
const lies: Readonly<Record<string, (thief: FakeAgent, start: Start) => void>> = {
  'that it was accepted': (thief, start) => thief.accept(start),
  'that it runs': (thief, start) => thief.running(start),
  'how it ended': (thief, start) => thief.result(start, {exit: {code: 99}}, {stdoutEnd: 3}),
  'that bytes are missing': (thief, start) => thief.gap(start, {stream: 'stdout', from: 0, to: 1_000, reason: 'spool-lost'}),
  'that it is in its journal': (thief, {job, attempt}) => thief.journal([{job, attempt, state: 'running', at: 1}]),
  'that it ended, in its journal': (thief, {job, attempt}) => thief.journal([{job, attempt, state: 'ended', at: 1}]),
  'that it refuses it': (thief, {job, attempt}) =>
    thief.send({type: 'job.refused', job, attempt, error: {code: 'INTERNAL', message: 'no', details: {}}}),
  'what its spec is': (thief, start) => thief.send({type: 'job.told', job: start.job, attempt: start.attempt, start}),
  'what it printed': (thief, {job, attempt}) => {
    thief.send({type: 'output.open', stream: 41, job, attempt, name: 'stdout'});
    thief.sendRaw(encodeData({stream: 41, offset: 0, bytes: Buffer.from('FORGED OUTPUT')}));
  },
  'what it made': (thief, {job, attempt}) => {
    thief.send({type: 'file.put', stream: 42, job, attempt, what: 'out', from: 0});
    thief.sendRaw(encodeData({stream: 42, offset: 0, bytes: Buffer.from('FORGED FILE')}));
    thief.send({type: 'stream.end', stream: 42, length: 11});
  },
  'that it wants its secrets': (thief, {job, attempt}) => thief.send({type: 'job.secrets', job, attempt}),
};

describe.each(['another worker of the tenant', 'a worker of another tenant'])('%s tells of a job that is not its own', who => {
  test.each(Object.keys(lies))('%s, and nothing comes of it', async lie => {
    const rim = await redis.rim();
    await using core = await startTestCore({rim, secrets: {token: 'hush'}});
    const owner = await core.agent({name: 'owner'});
    const thief = await core.agent({name: 'thief', ...(who.includes('another tenant') ? {tenant: newId('t')} : {})});
    const {jobs} = core.core.services;
    await jobs.run(core.caller, {command: ['a'], worker: owner.worker, secrets: [{secret: 'token', as: 'TOKEN', kind: 'env'}]});
    const start = await waitFor(() => owner.started[0]);
    lies[lie]!(thief, start);
    owner.running(start);
    await owner.finish(start, {stdout: 'its own'});
    const after = await waitFor(async () => {
      const job = await jobs.show(core.caller.tenant, start.job);
      return job.state === 'ended' ? job : undefined;
    });
    expect([
      after.outcome,
      after.exit,
      after.worker?.name,
      after.attempt.number,
      after.logEnd?.stdout,
      after.gaps ?? [],
      after.out,
    ]).toEqual(['succeeded', {code: 0}, 'owner', 1, 7, [], undefined]);
    expect(thief.received.filter(message => message.type === 'job.secrets' || message.type === 'job.stored')).toEqual([]);
  });
});

test('a worker’s inventory names boxes of its own tenant only, whatever their labels say', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({name: 'own'});
  const thief = await core.agent({name: 'thief', tenant: newId('t')});
  const labels = {'io.boxyard.tenant': core.caller.tenant, 'io.boxyard.devbox': newId('d'), 'io.boxyard.kind': 'devbox'};
  thief.inventory([{name: 'd-forged-1', labels, state: 'running'}], 1);
  await waitFor(async () => core.core.hub.isConnected(thief.worker));
  const {items} = await core.core.services.workers.list(core.caller.tenant);
  expect(items.map(({name, orphans}) => [name, orphans])).toEqual([['own', []]]);
  const adopting = core.core.services.devboxes.adopt(core.caller, {worker: thief.worker, box: 'd-forged-1', name: 'mine'});
  await expect(adopting).rejects.toMatchObject({code: 'NOT_FOUND'});
});
