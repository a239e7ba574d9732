import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import type {FanOut} from '../../src/protocol/index.ts';
import type {FakeAgentOptions, Start} from '../fake-agent.ts';
import {type TestCore, startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

type Run = NonNullable<FakeAgentOptions['run']>;
const created = (start: Start) => start.steps.find(step => step.do === 'container.create')!.spec;
const indexOf = (start: Start) => Number(created(start).env['BOXYARD_COPY_INDEX']);
const isGather = (start: Start) => created(start).env['BOXYARD_COPY_INDEX'] === undefined;
/** Child 1 fails; each writes its number and reports it doubled. */
const child = (start: Start): ReturnType<Run> => ({
  stdout: `${indexOf(start)}\n`,
  result: {exit: {code: indexOf(start) === 1 ? 1 : 0}, reported: JSON.stringify({twice: 2 * indexOf(start)})},
});

const ended = ({core, caller}: TestCore, id: string) =>
  waitFor(
    async () => {
      const job = await core.services.jobs.show(caller.tenant, id);
      return job.state === 'ended' ? job : undefined;
    },
    {within: 20_000},
  );

async function gathered(fanOut: FanOut, run: Run, act?: (core: TestCore, id: string) => Promise<void>) {
  const dir = mkdtempSync(join(tmpdir(), 'bxg-'));
  onTestFinished(() => rmSync(dir, {recursive: true, force: true}));
  const core = await startTestCore({rim: await redis.rim(), dir});
  onTestFinished(() => core[Symbol.asyncDispose]());
  const agent = await core.agent({slots: 8, run});
  const {jobs} = core.core.services;
  const {id} = await jobs.run(core.caller, {name: 'all', command: ['a'], fanOut});
  await act?.(core, id);
  const end = await ended(core, id);
  const result = await jobs.result(core.caller.tenant, id).catch(() => undefined);
  const gather = agent.started.find(isGather);
  const stdin = gather && readFileSync(join(dir, 'jobs', core.caller.tenant, gather.job, 'stdin'), 'utf8');
  return {end, result, agent, gather, core, stdin: stdin === undefined ? undefined : (JSON.parse(stdin) as object)};
}

const document = {
  name: 'all',
  totals: {total: 3, succeeded: 2, failed: 1},
  children: [
    {index: 0, outcome: 'succeeded', exit: {code: 0}, stdout: '0\n', result: {twice: 0}, worker: 'w1'},
    {index: 1, outcome: 'failed', exit: {code: 1}, stdout: '1\n', result: {twice: 2}},
    {index: 2, outcome: 'succeeded', exit: {code: 0}, stdout: '2\n', result: {twice: 4}},
  ],
};

test('json is the exit, output and reported result of every child; some failed is still partial', async () => {
  const {end, result} = await gathered({copies: 3, gather: 'json'}, child);
  expect(result).toMatchObject(document);
  expect(end).toMatchObject({outcome: 'failed', partial: true, exit: {code: 7}, result: document, children: {total: 3}});
});

test('a retry of what failed gathers what succeeded before too, and says of which run that is, over as many retries as it takes', async () => {
  let left = 2;
  const {end, core} = await gathered({copies: 3, gather: 'json'}, start => {
    const fails = indexOf(start) === 1 && left-- > 0;
    return {stdout: `${indexOf(start)}\n`, result: {exit: {code: fails ? 1 : 0}}};
  });
  const {jobs} = core.core.services;
  const again = await ended(core, (await jobs.retry(core.caller, end.id, {failed: true})).id);
  expect(again).toMatchObject({outcome: 'failed', children: {total: 1, failed: 1}});
  const last = await ended(core, (await jobs.retry(core.caller, again.id, {failed: true})).id);
  expect(last).toMatchObject({outcome: 'succeeded', children: {total: 1, succeeded: 1}});
  const {children} = (await jobs.result(core.caller.tenant, last.id)) as {children: {run?: string; stdout: string}[]};
  expect(children.map(({run, stdout}) => [run, stdout])).toEqual([
    [end.id, '0\n'],
    [undefined, '1\n'],
    [end.id, '2\n'],
  ]);
});

test('concat is what they wrote, in their order', async () => {
  const {result, end} = await gathered({copies: 12, gather: 'concat', failurePolicy: 'best-effort'}, child);
  expect(result).toBe(Array.from({length: 12}, (_, index) => `${index}\n`).join(''));
  expect(end).toMatchObject({outcome: 'succeeded', partial: true, exit: {code: 7}});
});

test('a command gets the document as stdin, on a worker; what it reports is the result, else what it writes', async () => {
  const gather = ['sh', '-c', 'jq .'];
  const says = (end: ReturnType<Run>) =>
    gathered({copies: 3, failurePolicy: {quorum: 2}, gather}, start => (isGather(start) ? end : child(start)));
  const {end, result, stdin, gather: job, core} = await says({stdout: 'not looked at', result: {exit: {code: 0}, reported: '{"sum":6}'}});
  expect(result).toEqual({sum: 6});
  expect(stdin).toMatchObject(document);
  expect(created(job!)).toMatchObject({main: gather, stdin: true, env: {BOXYARD_PARENT_ID: end.id}});
  expect(end).toMatchObject({
    outcome: 'succeeded',
    partial: true,
    exit: {code: 7},
    gatherJob: job!.job,
    children: {total: 3, succeeded: 2},
  });
  const {jobs} = core.core.services;
  expect((await jobs.list(core.caller.tenant, {parent: end.id, limit: 100})).items.length).toBe(3);
  expect(await jobs.show(core.caller.tenant, job!.job)).toMatchObject({parent: end.id, gathers: true});
  expect((await says({stdout: '[1, 2]\n', result: {exit: {code: 0}}})).result).toEqual([1, 2]);
  expect((await says({stdout: 'three\n', result: {exit: {code: 0}}})).result).toBe('three\n');
});

test('a command that fails is the failure of the whole, and says where to look', async () => {
  const good = (start: Start) => ({result: {exit: {code: isGather(start) ? 3 : 0}}});
  const {end, gather} = await gathered({copies: 2, gather: ['x']}, good);
  expect(end).toMatchObject({
    outcome: 'failed',
    exit: {code: 1},
    reason: {code: 'gather_failed', message: expect.stringContaining('ended with 3'), hint: `boxyard jobs logs ${gather!.job}`},
    children: {succeeded: 2},
  });
  const partly = await gathered({copies: 3, gather: ['x'], failurePolicy: 'best-effort'}, start =>
    isGather(start) ? {result: {exit: {code: 3}}} : child(start),
  );
  expect(partly.end).toMatchObject({outcome: 'failed', partial: true, exit: {code: 7}});
});

test('output that comes behind the end of a child is waited for; what never comes is named', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 4});
  const {id} = await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 2, gather: 'json'}});
  const [first, second] = await waitFor(() => (agent.started.length === 2 ? agent.started : undefined));
  for (const start of [first!, second!]) agent.result(start, {exit: {code: 0}}, {stdoutEnd: 4});
  await waitFor(() => agent.stored.size === 2);
  expect((await core.core.services.jobs.show(core.caller.tenant, id)).state).toBe('running');
  await agent.output(first!, 'late');
  const end = await ended(core, id);
  const told = (end.result as {children: {stdout: string; incomplete?: true; index: number}[]}).children;
  const [one, other] = [told[indexOf(first!)]!, told[indexOf(second!)]!];
  expect([one.stdout, one.incomplete, other.stdout, other.incomplete]).toEqual(['late', undefined, '', true]);
});

test('cancelled before or while it gathers it ends as cancelled, with exact totals, and gathers nothing', async () => {
  const cancel = async ({core, caller}: TestCore, id: string) => void (await core.services.jobs.cancel(caller, id, 'enough'));
  await using core = await startTestCore({rim: await redis.rim()});
  const agent = await core.agent({slots: 4});
  const run = async () => (await core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 2, gather: ['b']}})).id;
  const before = await run();
  await waitFor(() => agent.started.length === 2);
  await cancel(core, before);
  for (const start of [...agent.started]) await agent.finish(start, {result: {cancelled: 'enough'}});
  expect(await ended(core, before)).toMatchObject({outcome: 'cancelled', children: {cancelled: 2}});
  expect(agent.started.length).toBe(2);
  const while_ = await run();
  await waitFor(() => agent.started.length === 4);
  for (const start of agent.started.slice(2)) await agent.finish(start);
  const gather = await waitFor(() => agent.started.find(isGather));
  await cancel(core, while_);
  await waitFor(() => agent.received.some(message => message.type === 'job.cancel' && message.job === gather.job));
  await agent.finish(gather, {result: {cancelled: 'enough'}});
  expect(await ended(core, while_)).toMatchObject({outcome: 'cancelled', children: {succeeded: 2}});
});

test('many children share what may be handed on, and what is left out is counted', async () => {
  const long = 'x'.repeat(40_000);
  const {result} = await gathered({copies: 400, gather: 'json'}, () => ({
    stdout: long,
    result: {exit: {code: 0}, reported: JSON.stringify(long)},
  }));
  const {children} = result as {children: {stdout: string; omitted: {stdout: number; result: number}}[]};
  expect(children.length).toBe(400);
  for (const {stdout, omitted} of children) {
    expect(stdout.length + omitted.stdout).toBe(40_000);
    expect(omitted.result).toBe(40_002);
  }
  expect(JSON.stringify(result).length).toBeLessThan(12 * 1024 ** 2);
});

test('a command that could never run is refused', async () => {
  await using core = await startTestCore({rim: await redis.rim()});
  const refused = core.core.services.jobs.run(core.caller, {command: ['a'], fanOut: {copies: 2, gather: ['a\0b']}});
  await expect(refused).rejects.toMatchObject({code: 'INVALID_INPUT'});
});

test('what children reported is not told once more as what they wrote', async () => {
  const said = (text: string) => `\u001b]6973;${'*'.repeat(64)};${text}\u0007`;
  const stdout = `a${said('progress;1;2;half')}b\n${said('result;{"x":1}')}\u001b[1mc\u0007`;
  const {result} = await gathered({copies: 2, gather: 'json'}, () => ({stdout, result: {exit: {code: 0}, reported: '{"x":1}'}}));
  expect(result).toMatchObject({children: Array.from({length: 2}, () => ({result: {x: 1}, stdout: 'ab\n\u001b[1mc\u0007'}))});
});
