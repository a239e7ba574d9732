import {readFile} from 'node:fs/promises';
import type {Usage} from '@boxyard/core/plugin-api';
import {findTree} from '../process-tree.ts';
import type {BoxDir} from './box-dir.ts';
import {markerOf} from './main-state.ts';

/** Both fixed in every Linux that matters here. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** What its live processes use together; the time of those that have ended is gone with them. */
export const stats = async (box: BoxDir): Promise<Usage> => {
  const pids = await findTree(markerOf(box));
  const all = await Promise.all(pids.map(usageOf));
  return {
    cpuSeconds: all.reduce((sum, one) => sum + one.ticks, 0) / TICKS_PER_SECOND,
    memoryBytes: all.reduce((sum, one) => sum + one.pages, 0) * PAGE_BYTES,
    pids: pids.length,
  };
};

const usageOf = async (pid: number): Promise<{ticks: number; pages: number}> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {ticks: (Number(fields[11]) || 0) + (Number(fields[12]) || 0), pages: Number(fields[21]) || 0};
};
