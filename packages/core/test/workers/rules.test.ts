import {expect, test} from 'vitest';
import {timing} from '../../src/config/index.ts';
import {type WorkerRecord, candidateOf, lostNow, offerOf, presenceOf} from '../../src/workers/rules.ts';

const connection = {process: 'p', machine: 'm', boot: 'b', epoch: 1, at: 0};
const worker = (id: string, more: Partial<WorkerRecord> = {}): WorkerRecord => ({
  v: 1,
  id,
  tenant: 't',
  name: id,
  createdAt: 0,
  labels: {},
  unset: [],
  connection,
  orphans: [],
  ...more,
});
const away = (id: string, heard: number) => worker(id, {away: {at: heard, heard}});
const minutes = (n: number) => n * 60_000;

test('a worker is lost after five minutes in which somebody could have heard it', () => {
  const workers = [away('a', 0), worker('b'), worker('c')];
  expect(lostNow(workers, {heard: minutes(5) - 1, lastMassLost: 0}, timing)).toBeUndefined();
  expect(lostNow(workers, {heard: minutes(5), lastMassLost: 0}, timing)?.worker.id).toBe('a');
});

test('a single worker of one is no mass: the first user’s laptop is lost in time too', () => {
  expect(lostNow([away('a', 0)], {heard: minutes(5), lastMassLost: 0}, timing)?.worker.id).toBe('a');
});

test('half of the workers gone within a minute get four times as long, and then go one by one', () => {
  const workers = [away('a', 0), away('b', 30_000), worker('c'), worker('d')];
  expect(lostNow(workers, {heard: minutes(10), lastMassLost: 0}, timing)).toBeUndefined();
  const first = lostNow(workers, {heard: minutes(20), lastMassLost: 0}, timing);
  expect(first).toMatchObject({worker: {id: 'a'}, isMass: true});
  const rest = workers.map(each => (each.id === 'a' ? {...each, lost: {at: 1}} : each));
  expect(lostNow(rest, {heard: minutes(20) + 35_000, lastMassLost: minutes(20) + 30_000}, timing)).toBeUndefined();
  expect(lostNow(rest, {heard: minutes(20) + 40_000, lastMassLost: minutes(20) + 30_000}, timing)?.worker.id).toBe('b');
});

test('the first to return from a mass disconnect leave the others a minute to follow', () => {
  const back = worker('a', {wasAway: {heard: 0, until: minutes(7)}});
  const workers = [back, away('b', 30_000), worker('c'), worker('d')];
  const at = (heard: number) => lostNow(workers, {heard, lastMassLost: 0}, timing);
  expect(at(minutes(7.9))).toBeUndefined();
  expect(at(minutes(8))).toMatchObject({worker: {id: 'b'}, isMass: false});
});

test('a sleeper and one that is lost already are not declared lost again', () => {
  const workers = [
    {...away('a', 0), asleep: {at: 0}},
    {...away('b', 0), lost: {at: 1}},
  ];
  expect(lostNow(workers, {heard: minutes(100), lastMassLost: 0}, timing)).toBeUndefined();
  expect(workers.map(presenceOf)).toEqual(['asleep', 'lost']);
});

test('a worker offers its cores as slots, and its memory without what the machine needs itself', () => {
  const registration = {
    name: 'w',
    hostname: 'w',
    platform: 'linux' as const,
    cpuCount: 1,
    memoryTotal: 16 * 1024 ** 3,
    containerEngines: [],
    agentVersion: '1',
    mode: 'byom' as const,
    engines: [],
    labels: {},
  };
  expect(offerOf(worker('w', {registration}))).toEqual({slots: 2, memory: 16 * 1024 ** 3 - Math.floor(1.6 * 1024 ** 3)});
  expect(offerOf(worker('w', {registration: {...registration, slots: 7, memory: 5}}))).toEqual({slots: 7, memory: 5});
});

test.each([
  [worker('w', {connection: undefined}), 'offline'],
  [worker('w', {cordoned: {at: 0, actor: 'user:anna'}}), 'cordoned'],
  [worker('w', {draining: {at: 0, actor: 'user:anna'}}), 'draining'],
  [worker('w', {quarantined: {at: 0}}), 'quarantined'],
  [away('w', 0), 'offline'],
  [worker('w', {asleep: {at: 0}}), 'asleep'],
  [worker('w'), undefined],
] as const)('what closes a worker is said (%#)', (record, code) => {
  const candidate = candidateOf(record, {used: {slots: 0, memory: 0}, images: new Set()}, 7_200_000);
  expect(candidate.closed?.code).toBe(code);
  if (code === 'cordoned') expect(candidate.closed?.why).toBe('cordoned by user:anna 2 h ago');
});
