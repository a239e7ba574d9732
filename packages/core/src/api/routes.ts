/**
 * The routes of /v1, one row each: what they need is what `authorise` checks and what the authorisation matrix test walks.
 * `verb` none: no token needed (the route has its own proof). All take and give JSON unless `body` says otherwise.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'WS';
  readonly path: string;
  readonly verb: 'none' | 'read' | 'run' | 'manage' | 'own' | 'worker';
  readonly summary: string;
}

const route = <const M extends Route['method'], const P extends string, const V extends Route['verb']>(
  method: M,
  path: P,
  verb: V,
  summary: string,
) => ({method, path, verb, summary});

/** viewer: read. member: read, run. admin: read, run, manage. owner: all. An agent's credential: worker, and nothing else. */
export const routes = {
  health: route('GET', '/v1/health', 'none', 'Whether the server and its Redis answer'),
  openapi: route('GET', '/v1/openapi.json', 'none', 'This description'),
  metrics: route('GET', '/metrics', 'read', 'Prometheus metrics'),
  whoami: route('GET', '/v1/whoami', 'read', 'Who the token is'),
  events: route('GET', '/v1/events', 'read', 'Server-sent events; resumes after Last-Event-ID'),
  jobsCreate: route('POST', '/v1/jobs', 'run', 'Accept a run; header Idempotency-Key'),
  jobsList: route('GET', '/v1/jobs', 'read', 'Jobs, newest first'),
  jobsShow: route('GET', '/v1/jobs/:job', 'read', 'One job, by id, unique id prefix, or DEVBOX/NAME of an exec'),
  jobsLogs: route('GET', '/v1/jobs/:job/logs', 'read', 'Bytes of one stream from an offset'),
  jobsLogTimes: route('GET', '/v1/jobs/:job/logs/times', 'read', 'When the bytes of one stream came, to the second'),
  jobsAttach: route('WS', '/v1/jobs/:job/attach', 'read', 'Output live, and stdin (needs run)'),
  jobsTerminal: route('WS', '/v1/jobs/:job/terminal', 'read', 'The terminal of a command that has one, live; typing needs run'),
  jobsOut: route('GET', '/v1/jobs/:job/out', 'read', 'The tar of what --out asked for'),
  jobsCancel: route('POST', '/v1/jobs/:job/cancel', 'run', 'Cancel; idempotent'),
  jobsRetry: route('POST', '/v1/jobs/:job/retry', 'run', 'A new job of the same spec'),
  uploads: route('POST', '/v1/uploads', 'run', 'Bytes for a later request (application/octet-stream): {blob, bytes}'),
  devboxesCreate: route('POST', '/v1/devboxes', 'run', 'Create a DevBox'),
  devboxesList: route('GET', '/v1/devboxes', 'read', 'DevBoxes'),
  devboxesShow: route('GET', '/v1/devboxes/:devbox', 'read', 'One DevBox, by name or id'),
  devboxesStats: route('GET', '/v1/devboxes/:devbox/stats', 'read', 'CPU and memory of a running one, now'),
  devboxesStart: route('POST', '/v1/devboxes/:devbox/start', 'run', 'Start it'),
  devboxesStop: route('POST', '/v1/devboxes/:devbox/stop', 'run', 'Stop it'),
  devboxesSnapshot: route('POST', '/v1/devboxes/:devbox/snapshot', 'run', 'Make an image of it'),
  devboxesRemove: route('POST', '/v1/devboxes/:devbox/remove', 'run', 'Stop now, remove after the grace period'),
  devboxesRestore: route('POST', '/v1/devboxes/:devbox/restore', 'run', 'Undo the removal'),
  devboxesExec: route('POST', '/v1/devboxes/:devbox/exec', 'run', 'Run a command in it'),
  devboxesFilesStat: route('GET', '/v1/devboxes/:devbox/files/stat', 'run', 'What a path in it is'),
  devboxesFilesGet: route('GET', '/v1/devboxes/:devbox/files', 'run', 'A tar of a file or a directory in it'),
  devboxesFilesPut: route('PUT', '/v1/devboxes/:devbox/files', 'run', 'Unpack a tar into a directory in it'),
  devboxesPort: route('WS', '/v1/devboxes/:devbox/ports/:port', 'run', 'One connection to a port inside it'),
  devboxesAdopt: route('POST', '/v1/devboxes/adopt', 'manage', 'Take over a box that has our labels and no record'),
  imagesList: route('GET', '/v1/images', 'read', 'Images on the workers that are connected'),
  imagesCheck: route('GET', '/v1/images/check', 'read', 'Which workers have an image'),
  imagesPull: route('POST', '/v1/images/pull', 'run', 'Pull an image on a worker'),
  imagesBuild: route('POST', '/v1/images/build', 'run', 'Build an image on a worker'),
  imagesRemove: route('POST', '/v1/images/remove', 'run', 'Remove an image from a worker'),
  workersList: route('GET', '/v1/workers', 'read', 'Workers'),
  workersShow: route('GET', '/v1/workers/:worker', 'read', 'One worker, by name or id'),
  workersLabel: route('POST', '/v1/workers/:worker/labels', 'manage', 'Set and unset labels'),
  workersCordon: route('POST', '/v1/workers/:worker/cordon', 'manage', 'No new work; {on: boolean}'),
  workersDrain: route('POST', '/v1/workers/:worker/drain', 'manage', 'Cordon, and let its jobs end; {on: boolean}'),
  workersRemove: route('DELETE', '/v1/workers/:worker', 'manage', 'Forget it; its credential ends'),
  workersReadmit: route('POST', '/v1/workers/readmit', 'manage', 'New credentials for a worker of the old installation'),
  invitationsCreate: route('POST', '/v1/invitations', 'manage', 'A line for a new machine'),
  invitationsList: route('GET', '/v1/invitations', 'manage', 'Invitations'),
  invitationsRemove: route('DELETE', '/v1/invitations/:invitation', 'manage', 'Withdraw one'),
  invitationsRedeem: route('POST', '/v1/invitations/redeem', 'none', 'A machine becomes a worker'),
  tokensCreate: route('POST', '/v1/tokens', 'manage', 'A token, shown once'),
  tokensList: route('GET', '/v1/tokens', 'manage', 'Tokens'),
  tokensRevoke: route('DELETE', '/v1/tokens/:token', 'manage', 'End a token; its sockets close'),
  secretsSet: route('PUT', '/v1/secrets/:secret', 'run', 'Keep a value; it is never shown'),
  secretsList: route('GET', '/v1/secrets', 'read', 'Names of secrets'),
  secretsRemove: route('DELETE', '/v1/secrets/:secret', 'run', 'Forget one'),
  tenantsList: route('GET', '/v1/tenants', 'read', 'Tenants the token may see: its own'),
  tenantsShow: route('GET', '/v1/tenants/:tenant', 'read', 'One tenant, its limits and use'),
  tenantsCreate: route('POST', '/v1/tenants', 'own', 'A new tenant and its first owner token (operators only)'),
  tenantsSet: route('PATCH', '/v1/tenants/:tenant', 'own', 'Change limits, profiles, name'),
  agents: route('WS', '/ws/worker', 'worker', 'The agents’ socket'),
} as const satisfies Record<string, Route>;
