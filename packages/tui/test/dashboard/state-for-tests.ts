import type {DevBoxView, JobView, WorkerView} from '@boxyard/core/api';
import {reduce} from '../../src/dashboard/reduce.ts';
import {initialState, type Effect, type State} from '../../src/dashboard/state.ts';

const time = '2026-01-01T00:00:00.000Z';
export const now = Date.parse(time) + 60_000;

export const worker = (name: string): WorkerView => ({
  id: `w-${name}`,
  name,
  tenant: 't',
  presence: 'online',
  status: 'ready',
  engines: [],
  labels: {},
  slots: {total: 2, free: 2},
  memory: {total: 1, free: 1},
  memoryTotal: 8 * 1024 ** 3,
  heartbeat: {cpuUsage: 12.4, memoryFree: 6 * 1024 ** 3, diskFree: 75 * 1024 ** 3, containersRunning: 0},
  lastHeartbeatAt: time,
  devboxes: 1,
  jobs: 0,
  orphans: [],
  createdAt: time,
  v: 1,
});

export const devbox = (name: string, state: DevBoxView['state'] = 'running'): DevBoxView => ({
  id: `d-${name}`,
  name,
  tenant: 't',
  state,
  profile: 'standard',
  capabilities: [],
  memoryBytes: 0,
  waiting: [],
  generation: 1,
  actor: 'user:anna',
  createdAt: time,
  v: 1,
});

export const job = (id: string, fields: Partial<JobView> = {}): JobView =>
  ({
    id: `j-${id}`,
    kind: 'run',
    tenant: 't',
    state: 'running',
    attempt: {number: 1, id: '0'.repeat(32)},
    phases: [],
    logsComplete: false,
    actor: 'user:anna',
    createdAt: time,
    spec: {kind: 'run', box: {main: ['echo', id]}, profile: 'standard'},
    v: 1,
    ...fields,
  }) as unknown as JobView;

export const empty = (columns = 120, rows = 40): State => initialState('http://127.0.0.1:4240', now, {columns, rows});

/** Types keys one after another: the last state and everything that was to be done. */
export function type(state: State, ...keys: readonly string[]): {readonly state: State; readonly effects: readonly Effect[]} {
  const effects: Effect[] = [];
  let at = state;
  for (const key of keys) {
    const step = reduce(at, {type: 'key', key});
    at = step.state;
    effects.push(...step.effects);
  }
  return {state: at, effects};
}

export const full = (columns = 120, rows = 40): State => {
  const events = [
    {type: 'link', status: 'online'},
    {type: 'workers', items: [worker('laptop'), worker('nas')]},
    {type: 'devboxes', items: [devbox('web'), devbox('db', 'stopped')]},
    {type: 'jobs', items: [job('one'), job('two', {state: 'ended', outcome: 'succeeded'})]},
  ] as const;
  return events.reduce<State>((state, event) => reduce(state, event).state, empty(columns, rows));
};
