import {existsSync, readdirSync} from 'node:fs';
import type {JobView} from '@boxyard/core/api';
import {jobHome} from '../lab/directories.ts';
import {waitFor} from '../lab/wait-for.ts';
import type {Lab} from '../lab/lab.ts';
import type {Finding} from './finding.ts';

/** I6: nothing of a job is left on the machine once its result was stored; removal may take a moment. */
export async function checkLeftovers(lab: Lab, jobs: readonly JobView[], within = 15_000): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async () => {
    findings.length = 0;
    for (const box of await lab.ownContainers()) findings.push(left(`container ${box.name} on ${box.engine}`, box.state));
    for (const {pid, command} of lab.processes(/ledger\.sh/)) findings.push(left(`process ${pid}`, command));
    for (const name of existsSync(jobHome) ? readdirSync(jobHome) : [])
      if (jobs.some(job => name.includes(job.id.slice(2)))) findings.push(left(`directory ${jobHome}/${name}`, 'still there'));
    return findings.length === 0;
  };
  await waitFor(look, {within, every: 250, what: 'no leftovers'}).catch(() => undefined);
  return findings;
}

const left = (subject: string, found: string): Finding => ({invariant: 'I6', subject, expected: 'nothing left of ended jobs', found});
