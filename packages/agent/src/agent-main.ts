import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {pino} from 'pino';
import {lastWords, logFormat, logSink, timingFrom} from '@boxyard/core/config';
import {asBoxyardError, entryOf} from '@boxyard/core/errors';
import {startAgent} from './agent.ts';
import {resolveConfig, type AgentFlags} from './config.ts';
import {keepExit} from './keep-exit.ts';
import {version} from './version.ts';

const options = {
  url: {type: 'string'},
  name: {type: 'string'},
  mode: {type: 'string'},
  'data-dir': {type: 'string'},
  'security-floor': {type: 'string'},
  'log-level': {type: 'string'},
  'log-format': {type: 'string'},
  slots: {type: 'string'},
  memory: {type: 'string'},
  engine: {type: 'string', multiple: true},
  // Where neither flag nor file names any: `up` knows that this machine is its owner's.
  'usual-engine': {type: 'string', multiple: true},
  label: {type: 'string', multiple: true},
} as const;

type Values = ReturnType<typeof parseArgs<{options: typeof options; strict: true}>>['values'];

function flagsFrom(values: Values): AgentFlags {
  const flags = {
    url: values.url,
    name: values.name,
    mode: values.mode,
    dataDir: values['data-dir'],
    securityFloor: values['security-floor'],
    logLevel: values['log-level'],
    slots: values.slots === undefined ? undefined : Number(values.slots),
    memory: values.memory === undefined ? undefined : Number(values.memory),
    engines: values.engine,
    usualEngines: values['usual-engine'],
    labels: values.label && Object.fromEntries(values.label.map(one => [one.split('=', 1)[0]!, one.slice(one.indexOf('=') + 1)])),
  };
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as AgentFlags;
}

const exit: (code: number) => never = keepExit(process);
// Else Node opens its debugger, on a port that every user of this machine may talk to.
process.on('SIGUSR1', () => undefined);
const isSource = import.meta.url.endsWith('.ts');
const hostFile = isSource ? join(import.meta.dirname, 'session-host', 'main.ts') : join(import.meta.dirname, 'session-host.js');

try {
  const {values} = parseArgs({args: process.argv.slice(2), options, strict: true});
  const config = resolveConfig(flagsFrom(values), process.env);
  const format = logFormat(values['log-format'] ?? process.env['BOXYARD_LOG_FORMAT'], process.stdout.isTTY);
  const logger = pino(
    {level: config.logLevel, base: {part: 'agent'}},
    logSink(format, text => process.stdout.write(text)),
  );
  const log = (message: string, fields: object = {}) => logger[levelOf(fields)](fields, message);
  const crashAt = process.env['BOXYARD_CRASH_AT'];
  if (process.getuid?.() === 0) logger.info('Running as root: DevBoxes and files will be root’s.');
  const agent = await startAgent(config, {
    timing: timingFrom(process.env),
    env: process.env,
    version,
    log,
    hostProgram: {file: hostFile, isBundle: !isSource},
    onStopped: error => {
      logger.error({code: error.code}, `${error.message} ${error.hint}`);
      void agent.close().finally(() => exit(Number(process.env['BOXYARD_REFUSED_EXIT'] ?? 4)));
    },
    // Only fault tests set it: the process dies as hard as by kill -9.
    ...(crashAt === undefined ? {} : {crash: (at: string) => void (at === crashAt && process.kill(process.pid, 'SIGKILL'))}),
  });
  logger.info(
    {name: config.name, url: config.url, stateDir: config.stateDir, engines: config.engines.map(one => one.module)},
    'agent started',
  );
  let stopping: Promise<void> | undefined;
  const stop = () => void (stopping ??= agent.close().finally(() => exit(0)));
  // Asked twice, as by a group and by who supervises it, it still ends in order; who types Ctrl-C twice means it.
  process.on('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (thrown) {
  const error = asBoxyardError(thrown);
  process.stderr.write(lastWords(error));
  exit(entryOf(error.code).exit);
}

function levelOf(fields: object): 'debug' | 'info' | 'warn' {
  const level = (fields as {level?: unknown}).level;
  return level === 'debug' || level === 'warn' ? level : 'info';
}
