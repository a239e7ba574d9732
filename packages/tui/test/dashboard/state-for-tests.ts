import type {ClusterView, DevBoxView, JobView, RoleView, WebhookView, WorkerView} from '@boxyard/core/api';
import type {Change, Item, ListName} from '../../src/dashboard/data.ts';
import {reduce} from '../../src/dashboard/reduce.ts';
import {initialState, type Effect, type Event, type State} from '../../src/dashboard/state.ts';

export const time = '2026-01-01T00:00:00.000Z';
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

/** A shell in a DevBox, and what it is doing. */
export const session = (id: string, is: 'busy' | 'quiet' | 'asks', fields: Partial<JobView> = {}): JobView =>
  job(id, {
    kind: 'exec',
    name: 'shell',
    devbox: {id: 'd-web', name: 'web'},
    worker: {id: 'w-laptop', name: 'laptop'},
    spec: {kind: 'exec', command: {argv: ['sh'], tty: {columns: 80, rows: 24}}} as unknown as JobView['spec'],
    session: {
      attention: {is, since: now - 60_000, outputAt: now - 60_000, ...(is === 'asks' ? {saying: 'Go on?'} : {})},
      title: '',
      lastLine: `last line of ${id}`,
      size: {columns: 80, rows: 24},
      viewers: 0,
    },
    ...fields,
  });

/** With one role, `builder`. */
export const cluster = (name: string, role: Partial<RoleView> = {}, fields: Partial<ClusterView> = {}): ClusterView => ({
  id: `c-${name}`,
  name,
  tenant: 't',
  enabled: true,
  roles: [{id: `r-${name}-builder`, name: 'builder', command: ['make'], running: 0, queued: 0, ...role}],
  actor: 'user:anna',
  createdAt: time,
  updatedAt: time,
  v: 1,
  ...fields,
});

/** A run of the role `builder`. */
export const runOf = (name: string, id: string, fields: Partial<JobView> = {}): JobView =>
  job(id, {
    name: 'builder',
    origin: {cluster: {id: `c-${name}`, name}, role: {id: `r-${name}-builder`, name: 'builder'}, trigger: {type: 'manual'}},
    ...fields,
  });

export const webhook = (name: string, fields: Partial<WebhookView> = {}): WebhookView => ({
  id: `h-${name}`,
  name,
  tenant: 't',
  reporter: 'webhook',
  url: 'https://hooks.example.com/',
  events: ['job.*'],
  state: 'active',
  tries: 0,
  cursor: '1.1',
  behind: 0,
  delivered: 3,
  deadLetters: 0,
  skipped: 0,
  secrets: [{createdAt: time}],
  actor: 'user:anna',
  createdAt: time,
  updatedAt: time,
  v: 1,
  ...fields,
});

export const empty = (columns = 120, rows = 40): State => initialState({server: 'http://127.0.0.1:4240', now, columns, rows});

/** Types keys one after another: the last state and everything that was to be done. */
export function type(state: State, ...keys: readonly string[]): {readonly state: State; readonly effects: readonly Effect[]} {
  return happen(state, ...keys.map(key => ({type: 'key' as const, key})));
}

export function happen(state: State, ...events: readonly Event[]): {readonly state: State; readonly effects: readonly Effect[]} {
  const effects: Effect[] = [];
  let at = state;
  for (const event of events) {
    const step = reduce(at, event);
    at = step.state;
    effects.push(...step.effects);
  }
  return {state: at, effects};
}

export const whole = <L extends ListName>(list: L, items: readonly Item<L>[]): Change => ({list, items, whole: true}) as unknown as Change;
export const told = (...changes: readonly Change[]): Event => ({type: 'told', changes});

/** Two workers, two DevBoxes, a running and a failed job, three sessions of which one asks. */
export const full = (columns = 120, rows = 40): State =>
  happen(
    empty(columns, rows),
    {type: 'link', status: 'online'},
    told(
      whole('workers', [worker('laptop'), worker('nas')]),
      whole('devboxes', [
        {...devbox('web'), worker: {id: 'w-laptop', name: 'laptop'}, branch: 'main'},
        {...devbox('db', 'stopped'), worker: {id: 'w-nas', name: 'nas'}},
      ]),
      whole('jobs', [
        job('one', {worker: {id: 'w-nas', name: 'nas'}}),
        job('two', {state: 'ended', outcome: 'failed', exit: {code: 3}, endedAt: time, worker: {id: 'w-nas', name: 'nas'}}),
        session('ask', 'asks'),
        session('busy', 'busy', {name: 'dev'}),
        session('quiet', 'quiet', {name: 'top'}),
      ]),
      whole('images', []),
      whole('clusters', [cluster('team')]),
      whole('webhooks', [webhook('chat')]),
    ),
  ).state;
