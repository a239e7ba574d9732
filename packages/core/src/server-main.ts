#!/usr/bin/env node
import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {parseArgs} from 'node:util';
import {pino} from 'pino';
import {z} from 'zod';
import {files, lastWords, logFormat, logSink, paths, timingFrom, yamlData} from './config/index.ts';
import {BoxyardError, asBoxyardError, entryOf, isBoxyardError} from './errors/index.ts';
import {startEmbeddedRedis} from './rim/embedded-redis.ts';
import {locatePlugin, type ReporterSetting} from './plugin-host/index.ts';
import {builtInReporters} from './reporters-built-in.ts';
import type {Server, ServerOptions} from './server.ts';

/** Exits the process even where something does not let go. */
const closeWithinMs = 20_000;

/** The plugin has the last word; this is said before anything starts. */
const Opened = z
  .string()
  .regex(
    /^(?:\[[0-9A-Fa-f:.]+(?:\/\d{1,3})?\]|[A-Za-z0-9:._-]+(?:\/\d{1,3})?)(?::\d{1,5})?$/,
    'expected HOST, ADDRESS or NETWORK/BITS, with or without :PORT',
  );

const Config = z.strictObject({
  listen: z.union([z.string(), z.array(z.string())]).optional(),
  'data-dir': z.string().optional(),
  'blob-dir': z.string().optional(),
  'redis-url': z.string().optional(),
  'public-url': z.string().optional(),
  'insecure-behind-proxy': z.boolean().optional(),
  'trusted-proxy': z.union([z.string(), z.array(z.string())]).optional(),
  'tls-cert': z.string().optional(),
  'tls-key': z.string().optional(),
  'local-token': z.string().optional(),
  'webhook-allow': z.union([Opened, z.array(Opened)]).optional(),
  'webhook-ca': z.string().optional(),
  reporters: z
    .array(
      z.strictObject({
        module: z.string().min(1),
        version: z.string().min(1).optional(),
        integrity: z.string().min(1).optional(),
        config: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .optional(),
  'log-level': z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).optional(),
  'log-format': z.enum(['json', 'text']).optional(),
});
type Config = z.infer<typeof Config>;

const flags = {
  config: {type: 'string'},
  listen: {type: 'string', multiple: true},
  'data-dir': {type: 'string'},
  'blob-dir': {type: 'string'},
  'redis-url': {type: 'string'},
  'public-url': {type: 'string'},
  'insecure-behind-proxy': {type: 'boolean'},
  'trusted-proxy': {type: 'string', multiple: true},
  'tls-cert': {type: 'string'},
  'tls-key': {type: 'string'},
  'local-token': {type: 'string'},
  'webhook-allow': {type: 'string', multiple: true},
  'webhook-ca': {type: 'string'},
  'log-level': {type: 'string'},
  'log-format': {type: 'string'},
} as const;

/** Flag over environment over file over default. */
async function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Configured> {
  const {values} = parseArgs({args: [...argv], options: flags, strict: true});
  const {config: file, ...given} = values;
  const fromEnv = Object.fromEntries(
    Object.entries({
      listen: env['BOXYARD_LISTEN']?.split(','),
      'data-dir': env['BOXYARD_SERVER_DIR'],
      'blob-dir': env['BOXYARD_BLOB_DIR'],
      'redis-url': env['BOXYARD_REDIS_URL'] ?? env['REDIS_URL'],
      'public-url': env['BOXYARD_PUBLIC_URL'],
      'trusted-proxy': env['BOXYARD_TRUSTED_PROXY']?.split(','),
      'webhook-allow': env['BOXYARD_WEBHOOK_ALLOW']?.split(','),
      'webhook-ca': env['BOXYARD_WEBHOOK_CA'],
      'log-level': env['BOXYARD_LOG_LEVEL'] ?? env['LOG_LEVEL'],
      'log-format': env['BOXYARD_LOG_FORMAT'],
    }).filter(([, value]) => value !== undefined),
  );
  const named = file ?? env['BOXYARD_SERVER_CONFIG'];
  const parsed = Config.safeParse({...(named === undefined ? {} : await readFile(named)), ...fromEnv, ...given});
  if (parsed.success) return {config: parsed.data, configFile: named};
  const issue = parsed.error.issues[0];
  throw new BoxyardError('CONFIG_INVALID', {
    file: named ?? 'flags',
    issue: `${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
  });
}

async function readFile(file: string): Promise<object> {
  // A bundle gives what is no ESM module as its default alone.
  const {default: yaml} = await import('yaml');
  try {
    return (yamlData(yaml.parse, readFileSync(file, 'utf8'), file) as object | null) ?? {};
  } catch (error) {
    if (isBoxyardError(error)) throw error;
    throw new BoxyardError('CONFIG_INVALID', {file, issue: error instanceof Error ? error.message : 'not readable'}, {cause: error});
  }
}

function listenAt(text: string): {host: string; port: number} {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw new BoxyardError('INVALID_INPUT', {field: '--listen', issue: `expected HOST:PORT, got ${text}`, hint: 'boxyard server --help'});
  return {host: match[1] ?? (match[2] || '127.0.0.1'), port};
}

interface Configured {
  readonly config: Config;
  readonly configFile: string | undefined;
}

function serverOptions(
  {config, configFile}: Configured,
  env: NodeJS.ProcessEnv,
  log: ServerOptions['log'],
): Omit<ServerOptions, 'onStuck'> {
  const known = files(paths(env));
  const dataDir = config['data-dir'] ?? known.serverData;
  const listen = config.listen === undefined ? ['127.0.0.1:4240'] : [config.listen].flat();
  const tls =
    config['tls-cert'] !== undefined && config['tls-key'] !== undefined ? {cert: config['tls-cert'], key: config['tls-key']} : undefined;
  return {
    dataDir,
    blobDir: config['blob-dir'] ?? join(dataDir, 'blobs'),
    redisDir: join(dataDir, 'redis'),
    redisUrl: config['redis-url'],
    searchPath: env['PATH'] ?? '',
    listen: listen.map(listenAt),
    publicUrl: config['public-url'],
    isInsecureBehindProxy: config['insecure-behind-proxy'],
    trustedProxies: config['trusted-proxy'] === undefined ? [] : [config['trusted-proxy']].flat(),
    tlsFiles: tls,
    secretKey: env['BOXYARD_SECRET_KEY'],
    localToken: config['local-token'] ?? known.localToken,
    ...reporting(config, configFile),
    displayPage: join(import.meta.dirname, isSource ? '../../../dist/display-page' : 'display-page'),
    version: version(),
    timing: timingFrom(env),
    log,
  };
}

const isSource = import.meta.filename.endsWith('.ts');

/** The plugins that tell the outside world, and what the owner lets them reach. */
function reporting(config: Config, configFile: string | undefined): Pick<ServerOptions, 'reporters' | 'reporterFile'> {
  const allow = config['webhook-allow'] === undefined ? [] : [config['webhook-allow']].flat();
  const ca = config['webhook-ca'] === undefined ? {} : {ca: readCertificates(config['webhook-ca'])};
  const at = isSource
    ? [join(import.meta.dirname, '../../plugins/src/reporters'), 'index.ts']
    : [join(import.meta.dirname, 'plugins'), '.js'];
  return {
    reporterFile: join(import.meta.dirname, isSource ? 'reporter-main.ts' : 'reporter.js'),
    reporters: [
      ...builtInReporters(at[0]!, at[1]!, {webhook: {allow, ...ca}}),
      ...(config.reporters ?? []).map(setting => located(setting, configFile)),
    ],
  };
}

/** A path is meant from the file that names it; a package is looked for beside that file, then beside Boxyard. */
const located = <T extends {readonly module: string}>(setting: T, configFile: string | undefined): T & Pick<ReporterSetting, 'place'> => ({
  ...setting,
  place: locatePlugin(setting.module, [resolve(configFile ?? 'boxyard.yaml'), import.meta.filename]),
});

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new BoxyardError('CONFIG_INVALID', {file, issue: 'the certificates cannot be read'}, {cause: error});
  }
}

/** Of the package the program came in; beside the source or the bundle. */
function version(): string {
  for (const at of ['../package.json', '../../package.json', '../../../package.json']) {
    try {
      const {version: found} = JSON.parse(readFileSync(new URL(at, import.meta.url), 'utf8')) as {version?: string};
      if (found !== undefined) return found;
    } catch {
      continue;
    }
  }
  return '0.0.0';
}

/** Redis comes up while everything else is loaded. */
async function start(options: ServerOptions): Promise<Server> {
  const {redisUrl, redisDir: dir, searchPath, log} = options;
  const redis = redisUrl === undefined ? await startEmbeddedRedis({dir, searchPath, log}) : undefined;
  const {startServer} = await import('./server.ts');
  return startServer({...options, redis});
}

/** Prints one JSON line `{"ready":true,"url":…}` on stdout when it serves, to a person the same in words; logs go to stderr. */
async function main(): Promise<void> {
  // Redis and the blobs write files of their own: none of them is anybody else's, also where a parent folder is opened.
  process.umask(0o077);
  const configured = await readConfig(process.argv.slice(2), process.env);
  const {config} = configured;
  const format = logFormat(config['log-format'], process.stderr.isTTY);
  const destination = pino.destination({dest: 2, sync: true});
  const log = pino(
    {level: config['log-level'] ?? 'info', base: {pid: process.pid}},
    logSink(format, text => destination.write(text)),
  );
  process.on('unhandledRejection', error => log.error({err: error}, 'an unhandled rejection'));
  let end: ((code: number) => void) | undefined;
  const ended = new Promise<number>(resolve => (end = resolve));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end?.(0));
  // Else Node opens its debugger, on a port that every user of this machine may talk to.
  process.on('SIGUSR1', () => undefined);
  const options = serverOptions(configured, process.env, log);
  const stop = new AbortController();
  void ended.then(() => stop.abort());
  const starting = start({...options, signal: stop.signal, onStuck: () => end?.(1)});
  const server = await starting.catch((error: unknown) => (stop.signal.aborted ? undefined : Promise.reject(error)));
  if (server === undefined) process.exit(await ended);
  const words = `Boxyard server at ${server.url}\nToken file: ${options.localToken}\nready\n  boxyard workers invite\n`;
  process.stdout.write(process.stdout.isTTY ? words : `${JSON.stringify({ready: true, url: server.url, pid: process.pid})}\n`);
  log.info({url: server.url}, 'ready');
  const code = await ended;
  setTimeout(() => process.exit(code || 1), closeWithinMs).unref();
  await server.close();
  process.exit(code);
}

main().catch((error: unknown) => {
  const known = asBoxyardError(error);
  process.stderr.write(lastWords(known));
  process.exit(entryOf(known.code).exit);
});
