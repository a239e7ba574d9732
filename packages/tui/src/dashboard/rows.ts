import type {DevBoxView, JobView, WorkerView} from '@boxyard/core/api';
import {formatAge} from '../output/amounts.ts';
import {safeLine} from '../output/safe-text.ts';
import type {Column} from '../output/table.ts';
import {commandText, statusText} from '../output/views/jobs.ts';
import {cpuText, diskText, enginesText, memoryText} from '../output/views/workers.ts';
import {clip, pad, textWidth} from '../output/width.ts';

const mark = (is: 'good' | 'wait' | 'bad' | 'run' | 'warn'): string => ({good: '✔', wait: '○', bad: '✖', run: '●', warn: '▲'})[is];

const workerMark = (worker: WorkerView) =>
  worker.status === 'ready' ? mark('run') : worker.status === 'cordoned' || worker.status === 'draining' ? mark('wait') : mark('warn');
const boxMark = (box: DevBoxView) =>
  box.state === 'running' ? mark('run') : box.state === 'failed' || box.state === 'unknown' ? mark('bad') : mark('wait');
const jobMark = (job: JobView) => {
  if (job.state !== 'ended') return job.state === 'queued' ? mark('wait') : mark('run');
  return job.partial ? mark('warn') : job.outcome === 'succeeded' ? mark('good') : mark('bad');
};

export const workerColumns: readonly Column<WorkerView>[] = [
  {title: ' ', cell: workerMark},
  {title: 'NAME', cell: worker => worker.name},
  {title: 'STATUS', cell: worker => worker.status},
  {title: 'CPU', cell: cpuText, align: 'right'},
  {title: 'MEMORY', cell: memoryText, align: 'right'},
  {title: 'DISK', cell: diskText, align: 'right'},
  {title: 'BOXES', cell: worker => String(worker.devboxes), align: 'right'},
  {title: 'JOBS', cell: worker => String(worker.jobs), align: 'right'},
  {
    title: 'HEARTBEAT',
    cell: (worker, now) => (worker.lastHeartbeatAt === undefined ? '-' : `${formatAge(worker.lastHeartbeatAt, now)} ago`),
    align: 'right',
  },
  {title: 'ENGINES', cell: enginesText, flexible: true},
];

export const devboxColumns: readonly Column<DevBoxView>[] = [
  {title: ' ', cell: boxMark},
  {title: 'NAME', cell: box => box.name},
  {title: 'STATE', cell: box => box.state},
  {title: 'WORKER', cell: box => box.worker?.name ?? '', flexible: true},
  {title: 'AGE', cell: (box, now) => formatAge(box.createdAt, now), align: 'right'},
  {title: 'IMAGE', cell: box => box.image ?? '', flexible: true},
  {title: 'NOTE', cell: box => box.reason ?? '', flexible: true},
];

export const jobColumns: readonly Column<JobView>[] = [
  {title: ' ', cell: jobMark},
  {title: 'ID', cell: job => job.id.slice(0, 10)},
  {title: 'KIND', cell: job => job.kind},
  {title: 'STATUS', cell: statusText},
  {title: 'EXIT', cell: job => (job.exit && 'code' in job.exit ? String(job.exit.code) : ''), align: 'right'},
  {title: 'WORKER', cell: job => job.worker?.name ?? '', flexible: true},
  {title: 'AGE', cell: (job, now) => formatAge(job.createdAt, now), align: 'right'},
  {
    title: 'WHAT',
    cell: job => (job.state === 'queued' && job.reason ? `${commandText(job)}  (${job.reason.message})` : commandText(job)),
    flexible: true,
  },
];

/** Title line and rows of the visible part of a list, each exactly `width` columns wide, so that nothing has to be measured again. */
export function listLines<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  {width, now, from, count}: {readonly width: number; readonly now: number; readonly from: number; readonly count: number},
): {readonly title: string; readonly rows: readonly string[]} {
  const visible = items.slice(from, from + count);
  const cells = visible.map(item => columns.map(column => safeLine(column.cell(item, now))));
  const titles = columns.map(column => column.title);
  const widths = columns.map((_, i) => Math.max(textWidth(titles[i]!), ...cells.map(row => textWidth(row[i]!))));
  const shown = fitting(widths, width);
  const line = (row: readonly string[]) =>
    pad(
      clip(
        row
          .slice(0, shown)
          .map((cell, i) => pad(cell, widths[i]!, columns[i]!.align))
          .join('  '),
        width,
      ),
      width,
    );
  return {title: line(titles), rows: cells.map(line)};
}

/** Columns drop out from the right; the last one that begins inside is clipped. */
function fitting(widths: readonly number[], available: number): number {
  let used = 0;
  for (const [i, width] of widths.entries()) {
    if (used >= available - 3) return i;
    used += width + 2;
  }
  return widths.length;
}
