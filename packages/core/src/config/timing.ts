/** Every wait of server and agent, in milliseconds. Tests run the same code with `scaled(0.1)` (reliability.md B0). */
export interface Timing {
  readonly heartbeat: number;
  /** No frame for this long: offline. */
  readonly offlineAfter: number;
  readonly lostAfter: number;
  readonly asleepLost: number;
  readonly massWindow: number;
  readonly massLostEvery: number;
  /** For one connection to be made, and as long again for the server's answer. */
  readonly dial: number;
  readonly reconnectFirst: number;
  readonly reconnectMost: number;
  readonly unauthenticatedRetry: number;
  readonly sweep: number;
  readonly cancelDeadline: number;
  readonly query: number;
  readonly lease: number;
  readonly journalWait: number;
  readonly gcEvery: number;
  readonly gcGrace: number;
  readonly spoolKept: number;
  /** Of a directory that a role's jobs share, behind the last of them. */
  readonly liveKept: number;
  readonly hostIdle: number;
  readonly removalGrace: number;
  readonly setup: number;
  readonly pull: number;
  readonly runTimeout: number;
  readonly retryFirst: number;
  readonly retryMost: number;
  readonly ageing: number;
  readonly logFinalize: number;
  readonly stdinGrace: number;
  readonly invitation: number;
  readonly idempotencyKept: number;
  readonly authCache: number;
  /** A report that was not taken is sent again after so long, then twice as long each time, up to the most. */
  readonly reportFirst: number;
  readonly reportMost: number;
  /** How long one event may fail before the one behind it is tried, and how long an endpoint may answer nothing. */
  readonly reportEvent: number;
  readonly reportEndpoint: number;
  /** How long a reporter may take over one event. */
  readonly report: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

export const timing: Timing = {
  heartbeat: 10 * second,
  offlineAfter: 30 * second,
  lostAfter: 5 * minute,
  asleepLost: 12 * hour,
  massWindow: minute,
  massLostEvery: 10 * second,
  dial: 15 * second,
  reconnectFirst: second,
  reconnectMost: 30 * second,
  unauthenticatedRetry: 5 * minute,
  sweep: 5 * second,
  cancelDeadline: 30 * second,
  query: 5 * second,
  lease: 30 * second,
  journalWait: 10 * second,
  gcEvery: 5 * minute,
  gcGrace: 5 * minute,
  spoolKept: hour,
  liveKept: 7 * 24 * hour,
  hostIdle: minute,
  removalGrace: 10 * minute,
  setup: 10 * minute,
  pull: 30 * minute,
  runTimeout: 6 * hour,
  retryFirst: 5 * second,
  retryMost: 5 * minute,
  ageing: 10 * minute,
  logFinalize: 10 * minute,
  stdinGrace: 10 * second,
  invitation: 24 * hour,
  idempotencyKept: 24 * hour,
  authCache: 5 * second,
  reportFirst: 5 * second,
  reportMost: hour,
  reportEvent: hour,
  reportEndpoint: 24 * hour,
  report: 15 * second,
};

/** `factor` 0.1 makes every wait ten times shorter; `BOXYARD_TIME_SCALE` sets it. */
export const scaled = (factor: number): Timing =>
  Object.fromEntries(Object.entries(timing).map(([name, ms]) => [name, Math.max(1, Math.round(ms * factor))])) as unknown as Timing;

export function timingFrom(env: Readonly<Record<string, string | undefined>>): Timing {
  const factor = Number(env['BOXYARD_TIME_SCALE'] ?? '1');
  return Number.isFinite(factor) && factor > 0 ? scaled(factor) : timing;
}
