import {afterAll, beforeAll, expect, test} from 'vitest';
import {newId, scaled} from '../../src/config/index.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

test('a second agent with the credential of one that answers is refused, and may come back', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const worker = newId('w');
  const first = await core.agent({worker});
  const second = await core.agent({worker, machine: 'another'});
  expect(await second.closed).toBe(4409);
  expect(core.core.hub.isConnected(worker)).toBe(true);
  first.kill();
  await waitFor(() => !core.core.hub.isConnected(worker));
  const third = await core.agent({worker, machine: 'another'});
  expect(third.received.some(message => message.type === 'hello')).toBe(true);
});

test('the same process takes over at once, and one that is deaf is replaced after a probe', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const worker = newId('w');
  const first = await core.agent({worker, process: 'p', isSilent: true});
  const again = await core.agent({worker, process: 'p', isSilent: true});
  await first.closed;
  const other = await core.agent({worker, process: 'q', machine: 'another'});
  await again.closed;
  const epochs = [first, again, other].map(agent => agent.received.find(message => message.type === 'hello')?.epoch);
  expect(epochs).toEqual([1, 2, 3]);
  expect(core.core.hub.figures()).toEqual({connected: 1, takeovers: 2});
});

test('more than three take-overs between machines put a worker aside; one process may come back as often as it likes', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: scaled(0.02)});
  const {jobs, workers} = core.core.services;
  const [honest, cloned] = [newId('w'), newId('w')];
  const status = async (worker: string) => (await workers.show(core.caller.tenant, worker)).status;
  for (let at = 0; at < 8; at++) await core.agent({worker: honest, process: 'p', isSilent: true});
  for (let at = 0; at < 5; at++) await core.agent({worker: cloned, name: 'cloned', machine: `m${at}`, process: `p${at}`, isSilent: true});
  await waitFor(async () => (await status(cloned)) === 'quarantined');
  expect(await status(honest)).not.toBe('quarantined');
  const job = await jobs.run(core.caller, {command: ['a'], worker: 'cloned'});
  const waiting = await waitFor(async () => {
    const seen = await jobs.show(core.caller.tenant, job.id);
    return seen.refusals && seen;
  });
  expect(waiting.refusals).toContainEqual(
    expect.objectContaining({code: 'quarantined', hint: 'boxyard workers remove cloned, then join each'}),
  );
});

test('a clock that jumps while its worker is connected is seen by its next heartbeat', async () => {
  const rim = await redis.rim();
  await using core = await startTestCore({rim});
  const worker = newId('w');
  const agent = await core.agent({worker});
  const skew = async () => (await core.core.services.workers.show(core.caller.tenant, worker)).clockSkewMs ?? 0;
  expect(Math.abs(await skew())).toBeLessThan(5_000);
  const figures = {type: 'worker.heartbeat', cpuUsage: 1, memoryFree: 1, containersRunning: 0} as const;
  agent.send({...figures, clock: Math.round(rim.clock.now()) + 3_600_000});
  await waitFor(async () => Math.abs((await skew()) - 3_600_000) < 5_000);
});

test('an agent of another protocol is told so, and a frame that is none ends the connection', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  agent.sendRaw(JSON.stringify({type: 'something.newer', x: 1}));
  agent.sendRaw(JSON.stringify({type: 'job.update', job: 5}));
  expect(await agent.closed).toBe(1002);
});

test('a silent agent is given up, and is offline then', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: scaled(0.02)});
  const agent = await core.agent();
  const {workers} = core.core.services;
  await waitFor(async () => (await workers.show(core.caller.tenant, agent.worker)).status === 'ready');
  agent.kill();
  await waitFor(async () => (await workers.show(core.caller.tenant, agent.worker)).presence === 'offline');
});

test('a server that ends closes its sockets with 1012, and the worker is offline, not lost', async () => {
  const rim = await redis.rim();
  const core = await startTestCore({rim});
  const agent = await core.agent();
  await core.core.hub.close();
  expect(await agent.closed).toBe(1012);
  await core[Symbol.asyncDispose]();
});

test('a sleeping worker is asleep; its jobs wait, and those that may run elsewhere do', async () => {
  await using core = await startTestCore({rim: await redis.rim(), timing: scaled(0.1)});
  const laptop = await core.agent({name: 'laptop'});
  const {jobs, workers} = core.core.services;
  const wait = await jobs.run(core.caller, {command: ['a'], ifLost: 'wait'});
  const retry = await jobs.run(core.caller, {command: ['b'], ifLost: 'retry', idempotent: true});
  await waitFor(() => laptop.started.length === 2);
  laptop.send({type: 'worker.sleeping', state: 'going-to-sleep'});
  await waitFor(async () => (await workers.show(core.caller.tenant, 'laptop')).presence === 'asleep');
  await waitFor(async () => (await jobs.show(core.caller.tenant, retry.id)).attempt.number === 2);
  expect((await jobs.show(core.caller.tenant, wait.id)).attempt.number).toBe(1);
  laptop.send({type: 'worker.sleeping', state: 'woke', sleptMs: 5});
  await waitFor(async () => (await workers.show(core.caller.tenant, 'laptop')).presence === 'online');
});

test('a cordoned worker takes nothing new, and labels decide who fits', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({name: 'nas', run: () => ({result: {exit: {code: 0}}})});
  const {jobs, workers} = core.core.services;
  await workers.cordon(core.caller, 'nas', true);
  const job = await jobs.run(core.caller, {command: ['a'], workerLabels: {disk: 'big'}});
  const refused = async (code: string) => waitFor(async () => (await jobs.show(core.caller.tenant, job.id)).refusals?.[0]?.code === code);
  await refused('label');
  await workers.label(core.caller, 'nas', {set: {disk: 'big'}});
  await waitFor(async () => {
    await core.core.sweep();
    return (await jobs.show(core.caller.tenant, job.id)).state === 'queued' && agent.started.length === 0;
  });
  await workers.cordon(core.caller, 'nas', false);
  await waitFor(async () => (await jobs.show(core.caller.tenant, job.id)).state === 'ended');
});

test('an agent is sent nothing before its greeting, whoever waits for it', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const worker = newId('w');
  const nothing = () => undefined;
  const request = {
    job: newId('j'),
    attempt: {number: 1, id: 'a'.repeat(32)},
    viewer: 'somebody',
    mayType: true,
    columns: 80,
    rows: 24,
    history: 0,
    credit: 0,
  };
  let isOver = false;
  let isOpened = false;
  const looking = (async () => {
    while (!isOver) {
      try {
        core.core.hub.openTerminal(worker, request, {answer: nothing, data: nothing, end: nothing});
        isOpened = true;
      } catch {
        // Not yet there.
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  })();
  const agent = await core.agent({worker});
  await waitFor(() => isOpened);
  isOver = true;
  await looking;
  await waitFor(() => agent.received.some(message => message.type === 'terminal.open'));
  expect(agent.received[0]?.type).toBe('hello');
});

test('labels that an invitation gave are the worker’s from its first connection on', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const {jobs, workers} = core.core.services;
  const agent = await core.agent({invited: {disk: 'fast'}});
  expect((await workers.show(core.caller.tenant, agent.worker)).labels).toMatchObject({disk: 'fast'});
  await jobs.run(core.caller, {command: ['a'], workerLabels: {disk: 'fast'}});
  await waitFor(() => agent.started.length === 1);
});

test('secrets go only to the job that names them, on its worker', async () => {
  await using core = await startTestCore({rim: await redis.rim(), secrets: {token: 'hush', other: 'no'}});
  const agent = await core.agent();
  await core.core.services.jobs.run(core.caller, {command: ['a'], secrets: [{secret: 'token', as: 'TOKEN', kind: 'env'}]});
  const start = await waitFor(() => agent.started[0]);
  agent.send({type: 'job.secrets', job: start.job, attempt: start.attempt});
  const answer = await waitFor(() => agent.received.find(message => message.type === 'job.secrets'));
  expect(answer).toMatchObject({values: {token: 'hush'}});
  await agent.finish(start);
  agent.send({type: 'job.secrets', job: start.job, attempt: start.attempt});
  agent.send({type: 'pong', id: 1});
  expect(agent.received.filter(message => message.type === 'job.secrets').length).toBe(1);
});

test('an agent that tells of more boxes than any machine holds is not listened to', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent();
  const box = {name: 'b', labels: {'io.boxyard.kind': 'x'.repeat(4_000)}, state: 'running' as const};
  const boxes = Array.from({length: 50}, () => box);
  for (let page = 0; page < 100; page += 1) agent.send({type: 'worker.inventory', engine: `e${page}`, complete: false, asOf: page, boxes});
  expect(await agent.closed).toBe(1008);
});

test('an agent that claims a later attempt of another worker’s job gets neither the job nor its secrets', async () => {
  await using core = await startTestCore({rim: await redis.rim(), secrets: {token: 'hush'}});
  const owner = await core.agent({name: 'owner'});
  await core.core.services.jobs.run(core.caller, {command: ['a'], secrets: [{secret: 'token', as: 'TOKEN', kind: 'env'}]});
  const start = await waitFor(() => owner.started[0]);
  const thief = await core.agent({name: 'thief'});
  const claimed = [
    {job: start.job, attempt: {number: 7, id: '7'.repeat(32)}},
    {job: start.job, attempt: {number: 8, id: start.attempt.id}},
    {job: newId('j'), attempt: {number: 1, id: '7'.repeat(32)}},
  ];
  thief.journal(claimed.map(each => ({...each, state: 'running', at: 1})));
  for (const each of claimed) thief.send({type: 'job.secrets', ...each});
  await waitFor(() => thief.received.filter(message => message.type === 'job.superseded').length >= 2);
  expect(thief.received.filter(message => message.type === 'job.secrets')).toEqual([]);
  await owner.finish(start);
  const {items} = await core.core.services.jobs.list(core.caller.tenant, {limit: 10});
  expect(items.map(job => [job.worker?.name, job.attempt.number, job.outcome])).toEqual([['owner', 1, 'succeeded']]);
});

test('labels of a worker do not grow without end, and neither do those a job asks for', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  await core.agent({name: 'nas'});
  const {jobs, workers} = core.core.services;
  const some = (from: number) => Object.fromEntries(Array.from({length: 60}, (_, at) => [`l${from + at}`, 'v']));
  await workers.label(core.caller, 'nas', {set: some(0)});
  await expect(workers.label(core.caller, 'nas', {set: some(60)})).rejects.toMatchObject({code: 'INVALID_INPUT'});
  await expect(workers.label(core.caller, 'nas', {unset: Array.from({length: 101}, (_, at) => `x${at}`)})).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
  expect(Object.keys((await workers.show(core.caller.tenant, 'nas')).labels).filter(name => name.startsWith('l')).length).toBe(60);
  await expect(jobs.run(core.caller, {command: ['a'], workerLabels: {...some(0), ...some(60)}})).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  });
});
