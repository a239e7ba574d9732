import fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {newId} from '../../src/config/index.ts';
import {type DataFrame, encodeData, type FromAgent} from '../../src/protocol/index.ts';
import {startTestCore, type TestCore} from '../core-for-tests.ts';
import {type FakeAgent, type Start, startFakeAgent} from '../fake-agent.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A job that runs on an honest worker, and an agent of the same or of another tenant beside it. */
async function scene(thiefTenant?: string): Promise<{core: TestCore; owner: FakeAgent; thief: FakeAgent; start: Start}> {
  const workers = new Map<string, {worker: string; tenant: string; name: string}>();
  const core = await startTestCore({rim: await redis.rim(), workers, secrets: {token: 'hush'}});
  const owner = await core.agent({name: 'owner'});
  await core.core.services.jobs.run(core.caller, {command: ['a'], stdin: true, secrets: [{secret: 'token', as: 'TOKEN', kind: 'env'}]});
  const start = await waitFor(() => owner.started[0]);
  owner.running(start);
  await waitFor(async () => (await core.core.services.jobs.show(core.caller.tenant, start.job)).state === 'running');
  const worker = newId('w');
  workers.set(worker, {worker, tenant: thiefTenant ?? core.caller.tenant, name: 'thief'});
  const thief = await startFakeAgent(core.url, {worker, name: 'thief'});
  return {core, owner, thief, start};
}

/** Everything an agent can say about a job. */
function everythingAbout({job, attempt}: Pick<Start, 'job' | 'attempt'>): FromAgent[] {
  const of = {job, attempt};
  return [
    {type: 'job.update', ...of, state: 'running', phases: [{name: 'stolen', startedAt: 1}]},
    {type: 'job.secrets', ...of},
    {type: 'output.open', ...of, stream: 90_001, name: 'stdout'},
    {type: 'output.gap', ...of, gap: {stream: 'stdout', from: 0, to: 10, reason: 'cap'}},
    {type: 'file.get', ...of, stream: 90_002, what: 'stdin', from: 0},
    {type: 'stream.credit', stream: 90_002, bytes: 1_000_000},
    {type: 'file.put', ...of, stream: 90_003, what: 'out', from: 0},
    {type: 'job.refused', ...of, error: {code: 'NO_SPACE', message: 'no'}},
    {type: 'worker.journal', epoch: 1, jobs: [{...of, state: 'running', at: 1}]},
    {type: 'job.result', ...of, exit: {code: 0}, logEnd: {stdout: 0, stderr: 0, log: 0}, gaps: [], phases: [], asOf: 1},
  ];
}

const data = (stream: number): DataFrame => ({stream, offset: 0, bytes: Buffer.from('stolen')});

test.each([
  ['of another tenant', newId('t')],
  ['of another worker of the tenant', undefined],
])('an agent that speaks of a job %s changes nothing of it and learns nothing', async (_whose, tenant) => {
  const {core, owner, thief, start} = await scene(tenant);
  await using _core = core;
  const {jobs, logs} = core.core.services;
  await logs.writeStdin(core.caller.tenant, start.job, 0, Buffer.from('typed'));
  const before = await jobs.show(core.caller.tenant, start.job);
  for (const said of everythingAbout(start)) thief.send(said);
  for (const stream of [90_001, 90_003]) thief.sendRaw(encodeData(data(stream)));
  thief.send({type: 'worker.heartbeat', cpuUsage: 1, memoryFree: 1, containersRunning: 0});
  const {workers} = core.core.services;
  await waitFor(async () => (await workers.show(tenant ?? core.caller.tenant, thief.worker)).heartbeat !== undefined);
  await waitFor(async () => (await core.rim.ask(client => client.exists(core.rim.keys.job(start.job)))) === 1);
  expect(await jobs.show(core.caller.tenant, start.job)).toEqual(before);
  const told = thief.received.map(each => each.type).filter(type => !['hello', 'query', 'ping', 'job.superseded'].includes(type));
  expect(told).toEqual([]);
  if (tenant !== undefined) expect(thief.received.some(each => each.type === 'job.superseded')).toBe(false);
  thief.kill();
  await owner.finish(start, {stdout: 'mine'});
  expect(await jobs.show(core.caller.tenant, start.job)).toMatchObject({outcome: 'succeeded', have: {stdout: 4}});
});

test('frames of no kind, of a newer kind and of no stream are passed over; the agent’s own work goes on', async () => {
  const {core, owner, start} = await scene();
  await using _core = core;
  for (const frame of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(13, 0xff), Buffer.alloc(32_000, 1)]) owner.sendRaw(frame);
  for (let at = 0; at < 300; at += 1) owner.sendRaw(JSON.stringify({type: `newer.${at}`, job: start.job}));
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 200}), bytes => void owner.sendRaw(Buffer.from(bytes))),
    {numRuns: 200},
  );
  await owner.finish(start, {stdout: 'mine'});
  expect(core.faults.filter(each => each instanceof Error && each.message.includes('newer agent')).length).toBe(100);
});

test.each([
  ['a control frame over 256 KiB', 'x'.repeat(300 * 1024)],
  ['text that is no JSON', '{"type":'],
  ['a frame without a type', '[]'],
  ['a type with wrong fields', '{"type":"job.result","job":"j-1"}'],
  ['a number that is none', '{"type":"worker.heartbeat","cpuUsage":1e400,"memoryFree":0,"containersRunning":0}'],
  ['nesting without end', `{"type":"worker.register","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
])('%s ends the connection, and the job waits for the agent to come back', async (_what, frame) => {
  const {core, owner, start} = await scene();
  await using _core = core;
  owner.sendRaw(frame);
  expect(await owner.closed).toBe(1002);
  expect((await core.core.services.jobs.show(core.caller.tenant, start.job)).state).toBe('running');
});

/** A greeting as a stranger may send it: any of its fields missing, of another kind, absurdly large, or beside others. */
const anyHello = fc.record(
  {
    type: fc.constant('hello'),
    protocol: fc.oneof(
      fc.record({oldest: fc.integer(), newest: fc.integer()}),
      fc.record({oldest: fc.constantFrom(1, 2), newest: fc.integer({min: 1, max: 9})}),
      fc.jsonValue(),
    ),
    machine: fc.oneof(fc.string({maxLength: 5_000}), fc.jsonValue()),
    process: fc.oneof(fc.string(), fc.jsonValue()),
    boot: fc.oneof(fc.string(), fc.jsonValue()),
    epoch: fc.oneof(fc.nat(), fc.double(), fc.integer({min: -5, max: 5}), fc.jsonValue()),
    clock: fc.oneof(fc.nat(), fc.constantFrom(-1, 0, Number.MAX_SAFE_INTEGER, 8.64e15 + 1), fc.jsonValue()),
    installation: fc.oneof(fc.string(), fc.jsonValue()),
    features: fc.jsonValue(),
  },
  {requiredKeys: ['type']},
);

test('whatever is in a greeting, it is answered by one or by a close that says why, and the work of others goes on', async () => {
  const {core, owner, thief, start} = await scene();
  await using _core = core;
  thief.kill();
  const {WebSocket} = await import('ws');
  const answers = new Set<number | 'hello'>();
  const greet = async (hello: unknown) => {
    const socket = new WebSocket(core.url, {headers: {authorization: thief.worker}});
    const answered = new Promise<number | 'hello'>(resolve => {
      socket.once('message', () => resolve('hello'));
      socket.once('close', code => resolve(code));
    });
    await new Promise(resolve => socket.once('open', resolve));
    socket.send(JSON.stringify(hello));
    answers.add(await answered);
    const closed = new Promise(resolve => socket.once('close', resolve));
    if (socket.readyState !== socket.CLOSED) {
      socket.terminate();
      await closed;
    }
    await waitFor(() => !core.core.hub.isConnected(thief.worker));
  };
  await fc.assert(fc.asyncProperty(anyHello, greet), {numRuns: 150});
  expect([...answers].filter(answer => !['hello', 1002, 4426].includes(answer))).toEqual([]);
  // Luck alone does not make each kind.
  const right = {type: 'hello', machine: 'm', process: 'p', boot: 'b', epoch: 0, clock: 1_000, protocol: {oldest: 1, newest: 1}};
  for (const hello of [right, {...right, protocol: {oldest: 900, newest: 901}}, {type: 'hello'}]) await greet(hello);
  expect(answers).toEqual(new Set(['hello', 4426, 1002]));
  const {workers} = core.core.services;
  expect((await workers.list(core.caller.tenant)).items.length).toBe(2);
  await owner.finish(start, {stdout: 'mine'});
  // Each is told with the name of the worker before it.
  const told = core.faults.filter(fault => fault instanceof Error).map(String);
  expect(told.filter(fault => !/PROTOCOL|malformed|hello/.test(fault))).toEqual([]);
});

test('before hello nothing an agent says counts, and one that never says it is sent away', async () => {
  const {core, thief, start} = await scene();
  await using _core = core;
  thief.kill();
  const {WebSocket} = await import('ws');
  const mute = new WebSocket(core.url, {headers: {authorization: thief.worker}});
  await new Promise(resolve => mute.once('open', resolve));
  for (const said of everythingAbout(start)) mute.send(JSON.stringify(said));
  const closed = new Promise<number>(resolve => mute.once('close', resolve));
  expect(core.core.hub.isConnected(thief.worker)).toBe(false);
  expect(await closed).toBe(1002);
  expect((await core.core.services.jobs.show(core.caller.tenant, start.job)).phases).toEqual([]);
});

test('an archive with a hole is refused with a reason, and so is one file too many', async () => {
  const {core, owner, start} = await scene();
  await using _core = core;
  owner.send({type: 'file.put', job: start.job, attempt: start.attempt, stream: 70_001, what: 'out', from: 0});
  owner.sendRaw(encodeData({stream: 70_001, offset: 500, bytes: Buffer.from('x')}));
  const refused = await waitFor(() => owner.received.find(each => each.type === 'stream.end'));
  expect(refused).toMatchObject({stream: 70_001, error: {code: 'INVALID_INPUT'}});
  for (let at = 0; at < 205; at += 1)
    owner.send({type: 'file.put', job: start.job, attempt: start.attempt, stream: 80_000 + at, what: 'out', from: 0});
  const many = await waitFor(() => owner.received.find(each => each.type === 'stream.end' && each.stream >= 80_000));
  expect(many).toMatchObject({error: {code: 'TOO_MANY_REQUESTS'}});
});
