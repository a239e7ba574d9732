import {existsSync, readFileSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {newAttemptId} from '@boxyard/core/config';
import type {FromServer} from '@boxyard/core/protocol';
import {checkBuild} from '../src/floor.ts';
import {Scene, runSteps, waitFor} from './scene.ts';

/** Appends to a file that every program of the scene may write. */
const ledgerLine = (file: string) => ['sh', '-c', `echo started >> ${file}; sleep 0.2`];

test('the same dispatch fifty times at once starts the job once', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const ledger = `/tmp/ledger-${newAttemptId()}`;
  const start = scene.server.start({steps: runSteps(ledgerLine(ledger))});
  for (let copy = 0; copy < 49; copy++) scene.server.send({...start, entry: `${100 + copy}-0`});
  const {result} = await scene.whole(start.job);
  expect(result.exit).toEqual({code: 0});
  expect(readFileSync(ledger, 'utf8')).toBe('started\n');
  await waitFor(() => scene.server.of('outbox.done').some(one => one.upTo === '148-0'));
});

test('an older attempt is refused, and a newer one ends the one that runs', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const second = scene.server.start({attempt: {number: 2, id: newAttemptId()}, steps: runSteps(['sleep', '60'])});
  await waitFor(() => scene.server.of('job.update', second.job).some(one => one.state === 'running'));
  scene.server.send({...second, attempt: {number: 1, id: newAttemptId()}, steps: runSteps(['true'])});
  const refusal = await waitFor(() => scene.server.of('job.refused', second.job)[0]);
  expect(refusal.attempt.number).toBe(1);
  const third = {...second, attempt: {number: 3, id: newAttemptId()}, steps: runSteps(['sh', '-c', 'echo third'])};
  scene.server.send(third);
  const {result, stdout} = await scene.whole(second.job);
  expect({attempt: result.attempt, stdout, exit: result.exit}).toEqual({attempt: third.attempt, stdout: 'third\n', exit: {code: 0}});
});

test('a cancelled job ends as cancelled, also when it ignores the first signal', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const start = scene.server.start({steps: runSteps(['sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done'])});
  await waitFor(() => scene.server.output(start.job).bytes.length > 0);
  scene.server.cancel(start, 300);
  scene.server.cancel(start, 300);
  const result = await scene.result(start.job);
  expect({cancelled: result.cancelled, exit: result.exit, error: result.error}).toEqual({cancelled: 'test'});
});

test('a cancel that comes first keeps the job from ever starting', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const start: Extract<FromServer, {type: 'job.start'}> = {
    ...scene.server.start({steps: runSteps(['true'])}),
    job: `j-${'a'.repeat(26)}`,
    attempt: {number: 1, id: newAttemptId()},
  };
  scene.server.cancel(start);
  await waitFor(() => scene.server.results.get(start.job)?.cancelled === 'test');
  scene.server.send(start);
  expect((await waitFor(() => scene.server.of('job.refused', start.job)[0])).error.code).toBe('CONFLICT');
});

test('a job over its time is ended with the reason deadline', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const {job} = scene.server.start({steps: runSteps(['sleep', '60']), timeoutMs: 300, graceMs: 100});
  const result = await scene.result(job);
  expect({reason: result.reason, cancelled: result.cancelled}).toEqual({reason: 'deadline', cancelled: 'deadline'});
});

test('a result comes again after every reconnect until the server has stored it', async () => {
  await using scene = await Scene.open();
  scene.server.acknowledges = false;
  const agent = await scene.registered();
  const start = scene.server.start({steps: runSteps(['sh', '-c', 'echo kept'])});
  await scene.result(start.job);
  scene.server.drop();
  await waitFor(() => scene.server.of('job.result', start.job).length > 1);
  await agent.close();
  scene.server.acknowledges = true;
  await scene.agent();
  await waitFor(() => scene.server.of('job.result', start.job).length > 2);
});

test('a step of a newer server is answered as unsupported, and the connection stays', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const start = scene.server.start({steps: [{do: 'container.fly', box: 'x'} as never]});
  expect((await waitFor(() => scene.server.of('job.refused', start.job)[0])).error.code).toBe('UNSUPPORTED');
  expect(scene.server.handshakes).toBe(1);
});

test('a command about a DevBox of an older generation is refused', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const devbox = `d-${'b'.repeat(26)}`;
  const removal = scene.server.start({devbox, generation: 3, steps: [{do: 'container.remove', box: 'no-such-box'}]});
  expect((await scene.result(removal.job)).exit).toEqual({code: 0});
  const late = scene.server.start({devbox, generation: 2, steps: runSteps(['true'])});
  expect((await waitFor(() => scene.server.of('job.refused', late.job)[0])).error.code).toBe('CONFLICT');
});

test('a profile below the owner’s floor is refused, and so is a box that is weaker than it is called', async () => {
  await using scene = await Scene.open();
  await scene.registered({floor: 'standard'});
  const open = scene.server.start({profile: 'open', steps: runSteps(['true'])});
  const called = scene.server.start({profile: 'standard', steps: runSteps(['true'])});
  expect((await waitFor(() => scene.server.of('job.refused', open.job)[0])).error.code).toBe('FLOOR_REFUSED');
  expect((await waitFor(() => scene.server.of('job.refused', called.job)[0])).error.code).toBe('PROFILE_UNSUPPORTED');
});

test('no server gets this machine’s network, all privileges or a folder of the runtime, and under a strict floor no build', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const refusalOf = async (change: object) => {
    const [create, ...rest] = runSteps(['true']);
    if (create?.do !== 'container.create') throw new Error('no create');
    const {job} = scene.server.start({steps: [{...create, spec: {...create.spec, ...change}}, ...rest]});
    return (await waitFor(() => scene.server.of('job.refused', job)[0] ?? scene.server.results.get(job))).error?.code;
  };
  expect(await refusalOf({network: 'host'})).toBe('UNSUPPORTED');
  expect(await refusalOf({privileges: 'all'})).toBe('UNSUPPORTED');
  expect(await refusalOf({cwd: '/proc/self/fd/8'})).toBe('INVALID_INPUT');
  expect(() => checkBuild('strict', 'here')).toThrow(/strict/);
  expect(() => checkBuild('standard', 'here')).not.toThrow();
});

test('a second agent on the same state directory is refused and names the first', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const error = await scene.agent().catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({code: 'STATE_DIR_BUSY'});
  expect((error as Error).message).toContain(String(process.pid));
});

test('the journal is private and holds no secret, and neither does the output', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const canary = 'canary-5d1f00d-value';
  const secrets = [{secret: 'token', as: 'TOKEN', kind: 'env' as const}];
  const script = 'printf %s "${TOKEN%value}"; sleep 0.1; echo value; printf %s "$TOKEN" | base64; echo "${#TOKEN}"';
  const {server} = scene;
  server.secrets.get = () => ({token: canary});
  const {job} = server.start({steps: runSteps(['sh', '-c', script], {secrets})});
  const {result, stdout} = await scene.whole(job);
  expect(result.exit).toEqual({code: 0});
  expect(stdout).toContain(`${'*'.repeat(canary.length)}\n`);
  expect(stdout).toContain(`${canary.length}\n`);
  expect(stdout).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20));
  for (const file of ['journal.db', 'journal.db-wal', 'session-host.log']) {
    const path = join(scene.stateDir, file);
    if (existsSync(path)) expect(readFileSync(path).includes(canary)).toBe(false);
    if (existsSync(path)) expect(statSync(path).mode & 0o777).toBe(0o600);
  }
  expect(scene.logs.join('')).not.toContain(canary);
});

test('what an attempt wrote while away is still sent after another one owns the job', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const go = `/tmp/go-${newAttemptId()}`;
  const program = ['sh', '-c', `echo first; until [ -e ${go} ]; do sleep 0.05; done; echo rest; sleep 60`];
  const start = scene.server.start({steps: runSteps(program)});
  await waitFor(() => scene.server.output(start.job).length > 0);
  scene.server.refuseWith = {status: 503};
  scene.server.drop();
  writeFileSync(go, '');
  const spool = join(scene.stateDir, 'spool', `${start.job}.${start.attempt.number}.${start.attempt.id}`);
  await waitFor(() => readdirSync(spool).some(file => readFileSync(join(spool, file), 'utf8').includes('rest')));
  const hellos = scene.server.of('hello').length;
  scene.server.refuseWith = undefined;
  await waitFor(() => scene.server.of('hello').length > hellos);
  scene.server.send({type: 'job.superseded', job: start.job, attempt: start.attempt});
  await waitFor(() => scene.server.output(start.job).bytes.toString() === 'first\nrest\n', 15_000);
  expect(scene.server.results.has(start.job)).toBe(false);
});
