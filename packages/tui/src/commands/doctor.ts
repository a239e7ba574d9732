import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {files} from '@boxyard/core/config';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';
import {examine, isHealthy, type Check, type EngineProbe} from '../services/doctor.ts';
import {readWorkerFile} from '../services/worker-file.ts';

const probeMs = 10_000;
const marks = {ok: 'ok', warning: 'warn', failed: 'FAIL'} as const;

export default defineCommand({
  summary: 'Check what Boxyard needs on this machine',
  description:
    'Node, Redis, container engines, disk, memory, clock: what is missing, and the command that mends it. Ends with 1 where something is in the way.',
  examples: [
    {does: 'For people', line: 'doctor'},
    {does: 'For a script', line: 'doctor --output json'},
  ],
  async run(context) {
    const {env} = context.program;
    const [probes, clockSkewMs, olderHosts] = await Promise.all([probeEngines(), skewOf(context), olderHostsOf(context)]);
    const checks = await examine({env, paths: context.paths, nodeVersion: process.versions.node, probes, clockSkewMs, olderHosts});
    const healthy = isHealthy(checks);
    const {format} = context.print;
    if (format !== 'json' && format !== 'yaml')
      await context.print.list(
        {items: checks},
        {
          name: check => check.name,
          empty: '',
          columns: [
            {title: '', cell: (check: Check) => marks[check.status]},
            {title: 'CHECK', cell: check => check.name},
            {title: 'NOTE', cell: check => (check.fix === undefined ? check.note : `${check.note}. Try: ${check.fix}`)},
          ],
        },
      );
    else await context.print.value({healthy, checks}, '');
    return healthy ? 0 : 1;
  },
});

/** Asks the engines themselves, as the agent would. */
async function probeEngines(): Promise<ReadonlyMap<string, EngineProbe>> {
  const {loadAll} = await import('@boxyard/agent/engine-loading');
  const stateDir = mkdtempSync(join(tmpdir(), 'boxyard-doctor-'));
  const settings = [{module: 'podman'}, {module: 'docker'}, {module: 'process', config: {enabled: true}}];
  const probes = new Map<string, EngineProbe>();
  try {
    const loaded = await loadAll(
      settings.map(setting => ({config: {}, ...setting})),
      stateDir,
      () => undefined,
    );
    await Promise.all(
      loaded.map(async ({name, engine}) => {
        probes.set(name, await engine.probe(AbortSignal.timeout(probeMs)).catch((error: Error) => ({usable: false, why: error.message})));
        await engine.close?.();
      }),
    );
  } finally {
    rmSync(stateDir, {recursive: true, force: true});
  }
  return new Map([...probes].toSorted(([a], [b]) => a.localeCompare(b)));
}

async function olderHostsOf(context: Context) {
  const {hostsBeside} = await import('@boxyard/agent/running-hosts');
  const installed = join(context.program.root, 'dist', 'session-host.js');
  return hostsBeside(files(context.paths).agentData, installed).filter(one => one.isOlder);
}

async function skewOf(context: Context): Promise<number | undefined> {
  const worker = readWorkerFile(context.paths)?.worker;
  if (worker === undefined) return undefined;
  return context
    .connect()
    .then(({client}) => client.workersShow({worker, requestTimeoutMs: 3_000}))
    .then(
      view => view.clockSkewMs,
      () => undefined,
    );
}
