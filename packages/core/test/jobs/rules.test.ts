import fc from 'fast-check';
import {expect, test} from 'vitest';
import {timing} from '../../src/config/index.ts';
import {groupOf, memoryClass} from '../../src/jobs/rules-needs.ts';
import {type Candidate, place} from '../../src/jobs/rules-place.ts';
import {type JobRecord, dueAt, hasEnded, isWaiting} from '../../src/jobs/rules-record.ts';
import {backOffMs, failureKind} from '../../src/jobs/rules-retry.ts';
import type {JobEvent} from '../../src/jobs/rules-events.ts';
import {next} from '../../src/jobs/rules.ts';
import {fullImageName} from '../../src/images/rules.ts';
import type {Needs} from '../../src/protocol/index.ts';

const needs: Needs = {features: [], enforces: [], labels: {}, memoryBytes: 512 * 1024 ** 2, slots: 1, profile: 'open'};
const job = (more: Partial<JobRecord> = {}): JobRecord => ({
  v: 1,
  id: 'j-aaaaaaaaaaaaaaaaaaaaaaaaaa',
  tenant: 't-aaaaaaaaaaaaaaaaaaaaaaaaaa',
  kind: 'run',
  actor: 'user:anna',
  spec: {
    kind: 'run',
    labels: {},
    needs,
    profile: 'open',
    secrets: [],
    timeoutMs: 1_000,
    graceMs: 10,
    retries: 2,
    priority: 0,
    ifLost: 'retry',
    idempotent: true,
    box: {env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false},
    out: [],
  },
  attempt: {number: 1, id: '1'.repeat(32)},
  state: 'queued',
  group: 'g',
  phases: [],
  tries: 0,
  createdAt: 0,
  ...more,
});
const at = (now: number) => ({now, timing, chance: 0.5, nextAttemptId: () => '2'.repeat(32)});
const logEnd = {stdout: 0, stderr: 0, log: 0};
const rank = {queued: 0, sent: 1, running: 2, ended: 3};

const attempts = fc.constantFrom(
  {number: 1, id: '1'.repeat(32)},
  {number: 1, id: 'a'.repeat(32)},
  {number: 2, id: '2'.repeat(32)},
  {number: 2, id: 'a'.repeat(32)},
);
const anyEvent: fc.Arbitrary<JobEvent> = fc.oneof(
  fc.constant<JobEvent>({type: 'send', attemptId: 'a'.repeat(32), worker: {id: 'w', name: 'w'}, engine: 'fake'}),
  attempts.map<JobEvent>(attempt => ({type: 'update', update: {attempt, state: 'accepted', phases: []}})),
  attempts.map<JobEvent>(attempt => ({type: 'update', update: {attempt, state: 'running', phases: []}})),
  fc
    .tuple(attempts, fc.constantFrom(0, 1))
    .map<JobEvent>(([attempt, code]) => ({type: 'result', result: {attempt, exit: {code}, logEnd, gaps: [], phases: [], asOf: 1}})),
  attempts.map<JobEvent>(attempt => ({type: 'result', result: {attempt, cancelled: 'x', logEnd, gaps: [], phases: [], asOf: 1}})),
  attempts.map<JobEvent>(attempt => ({type: 'refused', attempt, error: {code: 'NO_SPACE', message: 'full'}})),
  fc.constant<JobEvent>({type: 'cancel', actor: 'user:anna', reason: 'x'}),
  fc.constant<JobEvent>({type: 'lost', code: 'agent_lost', message: 'gone'}),
  fc.boolean().map<JobEvent>(isSilent => ({type: 'due', isSilent})),
  fc.constant<JobEvent>({type: 'lift'}),
);

test('a job that said nothing before its result was taken and ran when its phases say, never before it was sent', () => {
  const attempt = {number: 1, id: 'a'.repeat(32)};
  const sent = next(job(), {type: 'send', attemptId: attempt.id, worker: {id: 'w', name: 'w'}, engine: 'fake'}, at(100))!;
  const ended = (phases: {name: string; startedAt: number; endedAt: number}[]) =>
    next(sent, {type: 'result', result: {attempt, exit: {code: 0}, logEnd, gaps: [], phases, asOf: 1}}, at(200));
  const phases = [
    {name: 'create', startedAt: 90, endedAt: 120},
    {name: 'run', startedAt: 130, endedAt: 140},
  ];
  expect(ended(phases)).toMatchObject({acceptedAt: 100, startedAt: 130, endedAt: 200});
  expect(ended([])).toMatchObject({acceptedAt: 200, startedAt: 200});
});

test('whatever comes in whatever order, a job only goes forward, and what its worker said of its end stays', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.integer({min: 0, max: 20_000})), {maxLength: 25}), events => {
      let record = job();
      let now = 0;
      for (const [event, passed] of events) {
        now += passed;
        const after = next(record, event, at(now));
        if (after === undefined) continue;
        expect(after.v).toBe(record.v + 1);
        const isForward = after.attempt.number > record.attempt.number || rank[after.state] >= rank[record.state];
        expect(isForward && after.attempt.number >= record.attempt.number).toBe(true);
        if (hasEnded(record)) expect(hasEnded(after)).toBe(true);
        if (hasEnded(record) && record.source === 'worker') expect([after.outcome, after.exit]).toEqual([record.outcome, record.exit]);
        expect(hasEnded(after)).toBe(after.outcome !== undefined);
        record = after;
      }
      // Nothing rests without somebody who will look again, unless a worker holds it without limit of time.
      const isWatched = hasEnded(record) || isWaiting(record) || dueAt(record) !== undefined || record.state === 'sent';
      expect(isWatched).toBe(true);
    }),
    {numRuns: 2_000},
  );
});

test('all orders of an agent’s messages end in the same outcome', () => {
  const sent = next(job(), {type: 'send', attemptId: 'a'.repeat(32), worker: {id: 'w', name: 'w'}, engine: 'fake'}, at(1))!;
  const attempt = sent.attempt;
  const messages: JobEvent[] = [
    {type: 'update', update: {attempt, state: 'accepted', phases: []}},
    {type: 'update', update: {attempt, state: 'running', phases: []}},
    {type: 'result', result: {attempt, exit: {code: 0}, logEnd, gaps: [], phases: [], asOf: 1}},
    {type: 'result', result: {attempt, exit: {code: 0}, logEnd, gaps: [], phases: [], asOf: 1}},
  ];
  for (const order of permutations(messages)) {
    const end = order.reduce((record, event) => next(record, event, at(2)) ?? record, sent);
    expect(end).toMatchObject({state: 'ended', outcome: 'succeeded', source: 'worker'});
  }
});

const permutations = <T>(items: readonly T[]): T[][] =>
  items.length === 0 ? [[]] : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map(rest => [item, ...rest]));

const candidate = (more: Partial<Candidate> = {}): Candidate => ({
  id: 'w1',
  name: 'w1',
  closed: undefined,
  platform: 'linux',
  labels: {},
  floor: undefined,
  engines: [{name: 'docker', usable: true, features: ['exec'], enforces: ['memory'], labels: {}}],
  slots: {total: 2, used: 0},
  memory: {total: 4 * 1024 ** 3, used: 0},
  images: new Set(),
  ...more,
});

test('placing never reserves more than a worker offers, however jobs come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.record({memory: fc.integer({min: 1, max: 3_000}), end: fc.boolean()}), {maxLength: 60}), steps => {
      const workers = [candidate(), candidate({id: 'w2', name: 'w2', slots: {total: 1, used: 0}})].map(each => ({...each}));
      const running: {worker: (typeof workers)[number]; memory: number}[] = [];
      for (const {memory: mib, end} of steps) {
        const done = end ? running.shift() : undefined;
        if (done) {
          done.worker.slots = {...done.worker.slots, used: done.worker.slots.used - 1};
          done.worker.memory = {...done.worker.memory, used: done.worker.memory.used - done.memory};
        }
        const memory = mib * 1024 ** 2;
        const placed = place({needs: {...needs, memoryBytes: memory}}, workers);
        if (placed.worker === undefined) continue;
        const worker = workers.find(each => each.id === placed.worker.id)!;
        worker.slots = {...worker.slots, used: worker.slots.used + 1};
        worker.memory = {...worker.memory, used: worker.memory.used + memory};
        running.push({worker, memory});
        for (const each of workers)
          expect(each.slots.used <= each.slots.total && each.memory.used <= each.memory.total && each.slots.used >= 0).toBe(true);
      }
    }),
  );
});

test.each([
  ['a cordoned worker', {closed: {code: 'cordoned', why: 'cordoned by anna 2 h ago'}}, {}, 'cordoned'],
  [
    'one that never connected',
    {closed: {code: 'offline', why: 'it never connected'}, platform: undefined, engines: []},
    {labels: {a: 'b'}},
    'offline',
  ],
  ['a full one', {slots: {total: 2, used: 2}}, {}, 'full'],
  ['one with too little memory', {memory: {total: 8 * 1024 ** 3, used: 7 * 1024 ** 3}}, {memoryBytes: 4 * 1024 ** 3}, 'full'],
  ['one without the label', {}, {labels: {gpu: 'yes'}}, 'label'],
  ['one on another platform', {}, {platform: 'darwin'}, 'platform'],
  ['one whose engine lacks the feature', {}, {features: ['build']}, 'feature'],
  ['one whose engine cannot enforce the profile', {}, {enforces: ['network'], profile: 'standard'}, 'PROFILE_UNSUPPORTED'],
  ['one whose owner wants more', {floor: 'offline'}, {}, 'FLOOR_REFUSED'],
  [
    'one without a container engine',
    {engines: [{name: 'process', usable: true, features: [], enforces: [], labels: {}}]},
    {},
    'NO_CONTAINER_ENGINE',
  ],
] as const)('%s refuses with its reason', (_name, worker, want, code) => {
  const placed = place({needs: {...needs, ...want} as Needs}, [candidate(worker as Partial<Candidate>)]);
  expect(placed.refusals?.[0]?.code).toBe(code);
});

test('where a worker was named, what it says comes before all the others', () => {
  const full = candidate({id: 'z', name: 'nas', slots: {total: 1, used: 1}});
  const placed = place({needs: {...needs, worker: 'z'}}, [candidate({id: 'a', name: 'other'}), full]);
  expect(placed.refusals?.map(({name, code}) => [name, code])).toEqual([
    ['nas', 'full'],
    ['other', 'other_worker'],
  ]);
});

test('a missing label is refused with the command that sets it, a misspelt engine with the one that was meant', () => {
  const nas = candidate({name: 'nas'});
  const hintOf = (want: Partial<Needs>) => place({needs: {...needs, ...want}}, [nas]).refusals?.[0]?.hint;
  expect(hintOf({labels: {disk: 'fast'}})).toBe('boxyard workers label nas disk=fast');
  const {name} = nas.engines[0]!;
  expect(hintOf({engine: `${name}x`})).toBe(`Did you mean ${name}?`);
  expect(hintOf({engine: 'zzz'})).toBeUndefined();
});

test('a worker that has the image comes first, then the one with the least reserved', () => {
  const busy = candidate({id: 'a', name: 'a', slots: {total: 4, used: 2}, images: new Set(['x:1'])});
  const idle = candidate({id: 'b', name: 'b'});
  expect(place({needs, image: 'x:1'}, [idle, busy]).worker?.id).toBe('a');
  expect(place({needs, image: 'y:1'}, [busy, idle]).worker?.id).toBe('b');
});

test('equal needs in any order are one class, memory to the next power of two', () => {
  const a = groupOf({...needs, labels: {x: '1', y: '2'}, features: ['b', 'a']});
  expect(groupOf({...needs, labels: {y: '2', x: '1'}, features: ['a', 'b', 'a']})).toBe(a);
  expect(groupOf({...needs, memoryBytes: 300 * 1024 ** 2})).toBe(groupOf({...needs, memoryBytes: 512 * 1024 ** 2}));
  expect(groupOf({...needs, memoryBytes: 513 * 1024 ** 2})).not.toBe(groupOf(needs));
  expect(memoryClass(0)).toBe(0);
});

test.each([
  ['REGISTRY_UNREACHABLE', 'infrastructure'],
  ['ENGINE_TIMEOUT', 'infrastructure'],
  ['NO_SPACE', 'infrastructure'],
  ['ENGINE_UNAVAILABLE', 'infrastructure'],
  ['IMAGE_NOT_FOUND', 'user'],
  ['REGISTRY_DENIED', 'user'],
  ['SETUP_FAILED', 'user'],
  ['GIT_REFUSED', 'user'],
  ['BUILD_FAILED', 'user'],
  ['FLOOR_REFUSED', 'user'],
  ['SOMETHING_NEWER', 'user'],
])('%s is a fault of kind %s', (code, kind) => {
  expect(failureKind({code, message: ''})).toBe(kind);
});

test('back-off doubles from 5 s to 5 min and is spread by chance', () => {
  expect([0, 1, 2, 10].map(tries => backOffMs(tries, 1, timing))).toEqual([5_000, 10_000, 20_000, 300_000]);
  expect(backOffMs(3, 0, timing)).toBe(4_000);
});

test.each([
  ['debian', 'docker.io/library/debian:latest'],
  ['node:24', 'docker.io/library/node:24'],
  ['owner/name', 'docker.io/owner/name:latest'],
  ['ghcr.io/owner/name:1', 'ghcr.io/owner/name:1'],
  ['localhost/mine:1', 'localhost/mine:1'],
  ['base:test', 'localhost/base:test'],
])('%s is %s in the record', (name, full) => {
  expect(fullImageName(name, ref => ref === 'localhost/base:test')).toBe(full);
});
