import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {MessagePort} from 'node:worker_threads';
import {asBoxyardError, isBoxyardError, toWire, type BoxyardError} from '../errors/index.ts';
import type {Plugin, Reporter} from '../plugin-api/index.ts';
import {createFrom} from './create-plugin.ts';
import {configOf, invalid, loadDefinition, textOf} from './load-plugin.ts';
import {pluginFailed} from './plugin-errors.ts';
import {createHost} from './plugin-faults.ts';
import type {FromThread, Instance, ThreadData, ToThread} from './reporter-wire.ts';

interface Opened {
  readonly version: string;
  readonly reporter: Promise<Reporter>;
}

/** The inside of a reporter's thread: one plugin, an instance for each endpoint. Whatever it does, it does to this thread alone. */
export async function serveReporter(port: MessagePort, {config: ownersConfig, stateDir, ...setting}: ThreadData): Promise<void> {
  const say = (message: FromThread) => port.postMessage(message);
  const plugin = await loadDefinition('reporter', setting, specifier => import(specifier)).catch((error: unknown) => {
    say({type: 'broken', error: toWire(asBoxyardError(error))});
    return undefined;
  });
  if (plugin === undefined) return;
  const merged = (config: unknown) => ({...(config as object), ...ownersConfig});
  const instances = new Map<string, Opened>();
  const running = new Map<number, AbortController>();
  const reporterOf = ({id, version, config}: Instance): Promise<Reporter> => {
    const known = instances.get(id);
    if (known?.version === version) return known.reporter;
    const reporter = openReporter(plugin, merged(config), {dir: join(stateDir, plugin.name, id), say});
    instances.set(id, {version, reporter});
    reporter.catch(() => instances.delete(id));
    return reporter;
  };
  const answer = (call: number, work: Promise<unknown>) =>
    void work
      .then(value => say({type: 'done', call, value}))
      .catch((error: unknown) => say({type: 'failed', call, error: toWire(failure(error, plugin.name))}))
      .finally(() => running.delete(call));
  const report = async ({call, instance, event}: Extract<ToThread, {type: 'report'}>) => {
    const abort = new AbortController();
    running.set(call, abort);
    return (await reporterOf(instance)).report(event, abort.signal);
  };
  port.on('message', (message: ToThread) => {
    if (message.type === 'ping') say({type: 'done', call: message.call});
    else if (message.type === 'abort') running.get(message.call)?.abort(new Error('out of time'));
    else if (message.type === 'forget') instances.delete(message.id);
    else if (message.type === 'report') answer(message.call, report(message));
    else
      answer(
        message.call,
        openReporter(plugin, merged(message.config), {dir: join(stateDir, plugin.name, 'check'), say}).then(() => undefined),
      );
  });
  say({type: 'loaded', name: plugin.name});
}

async function openReporter(
  plugin: Plugin<'reporter', unknown>,
  given: unknown,
  {dir, say}: {readonly dir: string; readonly say: (message: FromThread) => void},
): Promise<Reporter> {
  const config = await configOf(plugin, plugin.name, given);
  mkdirSync(dir, {recursive: true, mode: 0o700});
  const host = createHost(plugin.name, dir, (level, message, fields) =>
    say({type: 'log', level, message: String(message), fields: JSON.parse(JSON.stringify(fields)) as object}),
  );
  const reporter: unknown = await createFrom(plugin, config, host);
  if (typeof (reporter as Partial<Reporter> | undefined)?.report !== 'function')
    throw invalid(plugin.name, 'shape', 'its reporter has no report');
  return reporter as Reporter;
}

const failure = (thrown: unknown, plugin: string): BoxyardError =>
  isBoxyardError(thrown) ? thrown : pluginFailed({plugin, call: 'report'}, textOf(thrown), thrown);
