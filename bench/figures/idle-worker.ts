import {readFileSync, readdirSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {image, rawEngine} from '../baselines/engine-socket.ts';
import {startChild, usage} from '../child.ts';
import type {Figure} from '../figure.ts';
import {pause} from '../lab.ts';
import {median} from '../measure.ts';
import {startUp} from '../product/boxyard.ts';
import {createDevBox} from '../product/devbox.ts';

const windowMs = 30_000;
const bareAgent = fileURLToPath(new URL('../programs/bare-agent.ts', import.meta.url));

export const idleWorker: Figure = {
  id: 'P9',
  title: 'agent and session host at rest, 30 s',
  async measure(lab) {
    const boxyard = await startUp(lab);
    const bare = await startChild(lab, {argv: [process.execPath, bareAgent]}, /idle/);
    const engine = await rawEngine(lab, 'docker');
    if ('missing' in engine) return [{figure: 'P9', case: '', unit: 'MB', skipped: engine.missing}];
    // An exec brings the session host up; it stays for a minute after it.
    const devbox = await createDevBox(lab, boxyard.client, {engine: 'docker', image});
    await boxyard.type('exec', devbox, '--', 'echo', 'hi');
    const home = boxyard.env['HOME']!;
    const ours = processesOf(home).filter(({role}) => role !== 'other');
    lab.say(ours.map(({pid, role}) => `${role} ${pid}`).join(', '));
    if (ours.length !== 2) throw new Error(`expected an agent and a session host, found ${ours.length} processes`);
    await pause(5_000);
    const pids = ours.map(({pid}) => pid);
    const before = cpu(pids);
    const [product, baseline] = await samples(pids, bare.pid);
    const percent = ((cpu(pids) - before) / windowMs) * 100;
    return [
      {figure: 'P9', case: 'memory', unit: 'MB', product, baseline, budget: {of: 'ratio', most: 2}},
      {figure: 'P9', case: 'CPU', unit: '% of a core', product: percent, budget: {of: 'product', most: 0.5}},
    ];
  },
};

const cpu = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + usage(pid).cpuMs, 0);

/** Medians over the window, taken at the same moments. */
async function samples(pids: readonly number[], bare: number): Promise<[number, number]> {
  const seen = {product: [] as number[], baseline: [] as number[]};
  for (let i = 0; i < 10; i++) {
    await pause(windowMs / 10);
    seen.product.push(pids.reduce((sum, pid) => sum + usage(pid).rssBytes, 0) / 1e6);
    seen.baseline.push(usage(bare).rssBytes / 1e6);
  }
  return [median(seen.product), median(seen.baseline)];
}

interface Found {
  readonly pid: number;
  readonly role: 'agent' | 'session host' | 'other';
}

/** Processes whose environment names this home, and what they are by their command line. */
export function processesOf(home: string): readonly Found[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(name => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(`HOME=${home}`)) return [];
        return [{pid: Number(name), role: roleOf(readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' '))}];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

function roleOf(commandLine: string): Found['role'] {
  if (commandLine.includes('session-host')) return 'session host';
  return /agent|worker run/.test(commandLine) ? 'agent' : 'other';
}
