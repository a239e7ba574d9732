import {readFileSync, readdirSync} from 'node:fs';
import {waitFor} from '../lab/wait-for.ts';
import type {Lab} from '../lab/lab.ts';
import type {Finding} from './finding.ts';

const mebibyte = 1024 * 1024;

/** Resident bytes and open descriptors of a process; zero when it is gone. */
export function resourcesOf(pid: number): {bytes: number; descriptors: number} {
  try {
    const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    return {bytes: kilobytes * 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length};
  } catch {
    return {bytes: 0, descriptors: 0};
  }
}

/** I7: memory of server and agents stays bounded. */
export function checkMemory(lab: Lab, mostBytes = 300 * mebibyte): Finding[] {
  return [lab.server.program, ...lab.workers.map(worker => worker.program)]
    .filter(program => program.isRunning)
    .flatMap(program => {
      const {bytes} = resourcesOf(program.pid);
      const found = `${Math.round(bytes / mebibyte)} MiB`;
      return bytes > mostBytes
        ? [{invariant: 'I7' as const, subject: program.options.name, expected: `at most ${mostBytes / mebibyte} MiB`, found}]
        : [];
    });
}

/** I7: open descriptors come back to what they were, give or take connections that are being remade. */
export async function checkDescriptors(baseline: ReadonlyMap<number, number>, slack = 20): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = () => {
    findings.length = 0;
    for (const [pid, before] of baseline) {
      const {descriptors} = resourcesOf(pid);
      if (descriptors > before + slack)
        findings.push({invariant: 'I7', subject: `process ${pid}`, expected: `about ${before} open descriptors`, found: `${descriptors}`});
    }
    return findings.length === 0;
  };
  await waitFor(look, {within: 10_000, every: 250, what: 'descriptors are back'}).catch(() => undefined);
  return findings;
}

/** I8: after everything ended, every slot and byte of memory of the workers is free again, and none was ever given twice. */
export async function checkReservations(lab: Lab, within = 15_000): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async () => {
    findings.length = 0;
    for (const worker of await lab.api.workers()) {
      const {slots, memory} = worker;
      const found = `slots ${slots.free} of ${slots.total}, memory ${memory.free} of ${memory.total}`;
      if (slots.free !== slots.total || memory.free !== memory.total)
        findings.push({invariant: 'I8', subject: `worker ${worker.name}`, expected: 'everything given back', found});
    }
    return findings.length === 0;
  };
  await waitFor(look, {within, every: 250, what: 'reservations are back'}).catch(() => undefined);
  return findings;
}
