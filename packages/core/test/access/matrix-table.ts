import type {RouteName} from '../../src/api/index.ts';

export const callers = ['owner', 'admin', 'member', 'viewer', 'foreign', 'worker', 'none'] as const;
export type Caller = (typeof callers)[number];

const all = (status: number) => `${status} ${status} ${status} ${status} ${status} 401 401`;
const run = (status: number) => `${status} ${status} ${status} 403 ${status} 401 401`;
const manage = (status: number) => `${status} ${status} 403 403 ${status} 401 401`;

/**
 * The status each caller gets, in the order of `callers`. `foreign` is the owner of another tenant who names the first
 * tenant's objects. 404 for an own object means that the test names one that does not exist: the caller got past the gate.
 */
export const matrix: Readonly<Record<RouteName, string>> = {
  health: '200 200 200 200 200 200 200',
  openapi: '200 200 200 200 200 200 200',
  metrics: all(200),
  whoami: all(200),
  events: all(200),
  jobsCreate: run(202),
  jobsList: all(200),
  jobsShow: '200 200 200 200 404 401 401',
  jobsLogs: '200 200 200 200 404 401 401',
  jobsLogTimes: '200 200 200 200 404 401 401',
  jobsAttach: '101 101 101 101 404 401 401',
  jobsTerminal: '400 400 400 400 404 401 401',
  jobsOut: '200 200 200 200 404 401 401',
  jobsCancel: '202 202 202 403 404 401 401',
  jobsRetry: '202 202 202 403 404 401 401',
  uploads: run(201),
  devboxesCreate: run(404),
  devboxesList: all(200),
  devboxesShow: all(404),
  devboxesStats: all(404),
  devboxesStart: run(404),
  devboxesStop: run(404),
  devboxesSnapshot: run(404),
  devboxesRemove: run(404),
  devboxesRestore: run(404),
  devboxesExec: run(400),
  devboxesFilesStat: run(404),
  devboxesFilesGet: run(404),
  devboxesFilesPut: run(404),
  devboxesPort: run(400),
  devboxesAdopt: manage(404),
  imagesList: all(200),
  imagesCheck: all(200),
  imagesPull: run(400),
  imagesBuild: run(400),
  imagesRemove: run(400),
  workersList: all(200),
  workersShow: all(404),
  workersLabel: manage(404),
  workersCordon: manage(404),
  workersDrain: manage(404),
  workersRemove: manage(404),
  workersReadmit: manage(200),
  invitationsCreate: manage(201),
  invitationsList: manage(200),
  invitationsRemove: manage(404),
  invitationsRedeem: '401 401 401 401 401 401 401',
  tokensCreate: manage(201),
  tokensList: manage(200),
  tokensRevoke: manage(404),
  secretsSet: run(200),
  secretsList: all(200),
  /** The first owner of each tenant removes what `secretsSet` made just before. */
  secretsRemove: '204 404 404 403 204 401 401',
  tenantsList: all(200),
  tenantsShow: '200 200 200 200 404 401 401',
  tenantsCreate: '201 403 403 403 403 401 401',
  tenantsSet: '200 403 403 403 404 401 401',
  agents: '401 401 401 401 401 101 401',
};
