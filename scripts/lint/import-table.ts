/**
 * The import table of ARCHITECTURE.md as data. An address is a path without `packages/` and `src/`: `core/jobs/store.ts`.
 * A row says what the files of a folder may import of ours, besides each other; the first row that fits a file counts, so
 * narrow rows stand above wide ones. A folder without a row fails. In a pattern `*` stands for anything within one name,
 * and a pattern covers everything below it.
 */
export interface Row {
  readonly files: string;
  readonly may: readonly string[];
  /** Whether the files may import their own folder freely; false for files that are purer than their neighbours. */
  readonly ownFolder?: boolean;
}

const contracts = [
  'core/protocol',
  'core/api',
  'core/errors',
  'core/plugin-api',
  'core/config',
  'core/security',
  'core/vt',
  'core/streams',
  'core/rfb',
];
const rules = ['core/*/rules.ts', 'core/*/rules-*.ts', 'core/*/rules'];
const stores = ['core/*/store.ts', 'core/*/store-*.ts', 'core/*/store'];
const subject = [
  ...contracts,
  'core/services.ts',
  ...rules,
  ...stores,
  'core/workers/table.ts',
  'core/rim',
  'core/access',
  'core/blobs',
  'core/events',
];
const clientSide = ['core/client', 'core/api', 'core/errors', 'core/protocol', 'core/config'];
const subjects = [
  'jobs',
  'devboxes',
  'workers',
  'sessions',
  'images',
  'clusters',
  'folders',
  'events',
  'reports',
  'access',
  'installation',
];

export const table: readonly Row[] = [
  ...rules.map(files => ({files, may: [...contracts, 'core/services.ts', ...rules], ownFolder: false})),
  {files: 'core/protocol', may: []},
  {files: 'core/errors', may: []},
  {files: 'core/vt', may: []},
  {files: 'core/rfb', may: ['core/errors']},
  {files: 'core/plugin-api', may: []},
  {files: 'core/streams', may: ['core/errors']},
  {files: 'core/api', may: ['core/protocol', 'core/errors']},
  {files: 'core/display-page', may: ['core/api/display.ts', 'core/api/display-protocols.ts']},
  {files: 'core/config', may: ['core/errors']},
  {files: 'core/security', may: ['core/protocol', 'core/errors', 'core/plugin-api']},
  {files: 'core/plugin-host', may: ['core/plugin-api', 'core/errors', 'core/config', 'core/security']},
  {files: 'core/conformance', may: ['core/plugin-api', 'core/plugin-host', 'core/errors']},
  {files: 'core/client', may: ['core/api', 'core/errors', 'core/protocol', 'core/config', 'core/streams']},
  {files: 'core/rim', may: [...contracts, 'core/services.ts']},
  {files: 'core/blobs', may: [...contracts, 'core/rim/clock.ts']},
  ...subjects.map(name => ({files: `core/${name}`, may: subject})),
  {files: 'core/testing', may: ['core']},
  {files: 'core/services-streams.ts', may: contracts},
  {files: 'core/services-caller.ts', may: contracts},
  {files: 'core/services-clusters.ts', may: [...contracts, 'core/services-caller.ts', 'core/services-streams.ts']},
  {files: 'core/services-reports.ts', may: [...contracts, 'core/services-caller.ts']},
  {files: 'core/services.ts', may: [...contracts, 'core/services-*.ts']},
  {files: 'core/*.ts', may: ['core']},
  // Where the built-in engines come in; a bundle has to hold them.
  {files: 'agent/engine-loading.ts', may: [...contracts, 'core/plugin-host', 'agent', 'plugins/engines']},
  {files: 'agent/display-loading.ts', may: [...contracts, 'core/plugin-host', 'agent', 'plugins/displays']},
  {files: 'agent', may: [...contracts, ...rules, 'core/plugin-host']},
  {files: 'plugins/engines/*.ts', may: ['core/plugin-api', 'core/errors']},
  {files: 'plugins/engines/docker-api', may: ['core/plugin-api', 'core/errors', 'plugins/engines/*.ts']},
  {files: 'plugins/engines/docker', may: ['core/plugin-api', 'core/errors', 'plugins/engines/docker-api', 'plugins/engines/*.ts']},
  {files: 'plugins/engines/podman', may: ['core/plugin-api', 'core/errors', 'plugins/engines/docker-api', 'plugins/engines/*.ts']},
  {files: 'plugins/engines/*', may: ['core/plugin-api', 'core/errors', 'plugins/engines/*.ts']},
  {files: 'plugins/displays/*', may: ['core/plugin-api', 'core/errors']},
  {files: 'plugins/reporters/*', may: ['core/plugin-api', 'core/errors']},
  {
    files: 'tui/dashboard',
    may: [...clientSide, 'tui/services', 'tui/output', 'tui/cli/context.ts', 'tui/cli/suggest.ts', 'tui/tty', 'tui/screen'],
  },
  {files: 'tui/screen', may: [...clientSide, 'core/vt', 'core/rfb', 'tui/tty', 'tui/output']},
  // What looks at, tries and makes plugins on this machine; the agent's loader holds the built-in engines.
  ...['services/plugin-*.ts', 'commands/plugins'].map(files => ({
    files: `tui/${files}`,
    may: [...clientSide, 'core/plugin-api', 'core/plugin-host', 'core/conformance', 'agent/engine-loading.ts', 'tui'],
  })),
  {files: 'tui/services', may: [...clientSide, 'core/rfb', 'tui/output', 'tui/cli/suggest.ts', 'tui/tty']},
  {files: 'tui/tty', may: [...clientSide, 'core/vt']},
  {files: 'tui/output/views/conformance.ts', may: ['core/conformance', 'tui/output'], ownFolder: false},
  {files: 'tui/output', may: [...clientSide, 'core/vt', 'tui/cli/flags.ts']},
  {files: 'tui/cli/install-worker.ts', may: [...clientSide, 'tui', 'agent']},
  {files: 'tui/cli', may: [...clientSide, 'tui']},
  ...['up.ts', 'server.ts', 'worker', 'doctor.ts'].map(name => ({
    files: `tui/commands/${name}`,
    may: [...clientSide, 'tui', 'core/server.ts', 'agent'],
  })),
  {files: 'tui/commands', may: [...clientSide, 'tui']},
  {files: 'tui/*.ts', may: [...clientSide, 'tui']},
];

/** Which files may touch the rim: a kind of file, not a folder. `name.ts`, `name-*.ts` and the folder `name/` count. */
export const rimDoors: Readonly<Record<string, readonly string[]>> = {
  'core/rim/redis': ['store'],
  'core/rim/bullmq': ['queue', 'schedules', 'reports'],
  'core/rim/http': ['routes', 'hub', 'sse', 'gate'],
};

/** Folders the rim's doors do not bind: the rim itself, the composition and what tests are made of. */
export const rimInsiders: readonly string[] = ['core/rim', 'core/testing', 'core/*.ts'];

/** Where a third-party package may be used at run time. */
export const confined: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['core/rim', 'core/testing'],
  bullmq: ['core/rim'],
  fastify: ['core/rim'],
  dockerode: ['plugins/engines'],
};
