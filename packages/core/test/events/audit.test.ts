import {appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {AuditFiles} from '../../src/blobs/audit-files.ts';
import {scaled} from '../../src/config/index.ts';
import {createAudit, isAudited} from '../../src/events/audit.ts';
import {createAuditStore} from '../../src/events/store-audit.ts';
import {createEventStore} from '../../src/events/store.ts';
import {startTestCore} from '../core-for-tests.ts';
import {type TestRedis, startTestRedis, waitFor} from '../redis-for-tests.ts';

let redis: TestRedis;
let dir: string;
beforeAll(async () => {
  redis = await startTestRedis();
  dir = mkdtempSync(join(tmpdir(), 'bxa-'));
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  rmSync(dir, {recursive: true, force: true});
});

interface Line {
  readonly id: string;
  readonly type: string;
  readonly actor: string;
  readonly tenant: string;
  readonly seq: string;
}
const today = () => new Date().toISOString().slice(0, 10);
const fileOf = (at: string, day = today()) => join(at, 'audit', `${day}.jsonl`);
const linesOf = (at: string): Line[] =>
  existsSync(fileOf(at))
    ? readFileSync(fileOf(at), 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as Line)
    : [];

test('what somebody decided stands in the file of the day, once, and goes on being written after a restart', async () => {
  const at = join(dir, 'blobs');
  const rim = await redis.rim();
  const timing = scaled(0.02);
  const first = await startTestCore({rim, timing, dir: at});
  const agent = await first.agent({name: 'nas', run: () => ({result: {exit: {code: 0}}})});
  const {jobs, workers} = first.core.services;
  const job = await jobs.run(first.caller, {command: ['a']});
  await waitFor(async () => (await jobs.show(first.caller.tenant, job.id)).state === 'ended');
  await workers.cordon(first.caller, 'nas', true);
  await waitFor(() => linesOf(at).length === 3);
  agent.kill();
  await first.close();
  await using second = await startTestCore({rim, timing, dir: at, tenant: first.caller.tenant});
  await second.core.services.workers.cordon(second.caller, 'nas', false);
  await waitFor(() => linesOf(at).length === 4);
  expect(linesOf(at).map(({type, actor}) => [type, actor])).toEqual([
    ['worker.joined', 'worker:nas'],
    ['job.accepted', 'user:anna'],
    ['worker.cordoned', 'user:anna'],
    ['worker.uncordoned', 'user:anna'],
  ]);
  expect(linesOf(at).every(line => line.tenant === first.caller.tenant && line.seq !== undefined)).toBe(true);
  expect(statSync(fileOf(at)).mode & 0o777).toBe(0o600);
});

test('two that copy at once write each line once', async () => {
  const at = join(dir, 'twice');
  const rim = await redis.rim();
  await using core = await startTestCore({rim, timing: {...scaled(0.1), sweep: 60_000}});
  for (let each = 0; each < 30; each += 1) await core.core.services.jobs.run(core.caller, {command: ['a']});
  const files = new AuditFiles(join(at, 'audit'));
  const events = createEventStore(rim);
  const audit = createAudit({events, store: createAuditStore(rim), files});
  await rim.ask(client => client.del(rim.keys.audited));
  await Promise.all([audit(), audit(), audit()]);
  await audit();
  expect(linesOf(at).length).toBe(30);
  expect(new Set(linesOf(at).map(line => line.id)).size).toBe(30);
});

test('a line that a crash cut off spoils no other, and old days go', async () => {
  const at = join(dir, 'cut');
  const files = new AuditFiles(join(at, 'audit'));
  await files.append('2026-01-01', ['{"id":"old"}']);
  await files.append(today(), ['{"id":"a"}']);
  appendFileSync(fileOf(at), '{"id":');
  await files.append(today(), ['{"id":"b"}']);
  expect(readFileSync(fileOf(at), 'utf8')).toBe('{"id":"a"}\n{"id":\n{"id":"b"}\n');
  await files.dropBefore('2026-01-02');
  expect([existsSync(fileOf(at, '2026-01-01')), existsSync(fileOf(at))]).toEqual([false, true]);
});

test('what machines and servers found out is no decision', () => {
  const audited = (actor: string, type = 'job.ended') => isAudited({actor, type});
  expect(['user:anna', 'token:ci', 'trigger:nightly', 'timer:autostop'].every(actor => audited(actor))).toBe(true);
  expect(['server', 'worker:nas'].some(actor => audited(actor))).toBe(false);
});
