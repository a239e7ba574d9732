import type {WorkerView} from '@boxyard/core/api';
import {notAskedYet} from '@boxyard/core/protocol/not-asked-yet';
import {formatAge, formatBytes} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';

export const cpuText = (worker: WorkerView): string => (worker.heartbeat === undefined ? '' : `${Math.round(worker.heartbeat.cpuUsage)}%`);

export const memoryUsed = ({heartbeat, memoryTotal}: WorkerView): number | undefined =>
  heartbeat === undefined || memoryTotal === undefined ? undefined : memoryTotal - heartbeat.memoryFree;

export function memoryText(worker: WorkerView): string {
  const used = memoryUsed(worker);
  return used === undefined ? '' : `${formatBytes(used)} of ${formatBytes(worker.memoryTotal!)}`;
}

export const diskText = (worker: WorkerView): string =>
  worker.heartbeat?.diskFree === undefined ? '' : `${formatBytes(worker.heartbeat.diskFree)} free`;

export const enginesText = (worker: WorkerView): string =>
  worker.engines.map(engine => (engine.usable ? engine.name : `(${engine.name})`)).join(' ');

export const isNotAskedYet = (engine: WorkerView['engines'][number]): boolean => !engine.usable && engine.why === notAskedYet;

/** Said where jobs have no container around them; undefined where there is an engine, or one that may still turn out to work. */
export function notIsolatedText({engines}: WorkerView): string | undefined {
  const hasContainers = engines.some(engine => engine.name !== 'process' && (engine.usable || isNotAskedYet(engine)));
  if (hasContainers || !engines.some(engine => engine.name === 'process' && engine.usable)) return undefined;
  return 'No podman or docker here: jobs run on this machine itself, not isolated. sudo apt-get install podman';
}

const skewText = (ms: number | undefined): string | undefined =>
  ms === undefined || Math.abs(ms) < 5_000 ? undefined : `${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead' : 'behind'}`;

export const workerList: ListView<WorkerView> = {
  name: worker => worker.name,
  empty: 'No workers. boxyard up makes one of this machine; boxyard workers invite brings another.',
  columns: [
    {title: 'NAME', cell: worker => worker.name},
    {title: 'STATUS', cell: worker => worker.status},
    {title: 'ENGINES', cell: enginesText, flexible: true, spare: true},
    {title: 'SLOTS', cell: worker => `${worker.slots.free}/${worker.slots.total}`, sort: worker => worker.slots.free, align: 'right'},
    {title: 'CPU', cell: cpuText, sort: worker => worker.heartbeat?.cpuUsage, align: 'right', spare: true},
    {title: 'MEMORY', cell: memoryText, sort: memoryUsed, align: 'right', spare: true},
    {title: 'DISK', cell: diskText, sort: worker => worker.heartbeat?.diskFree, align: 'right', spare: true},
    {title: 'BOXES', cell: worker => String(worker.devboxes), align: 'right', spare: true},
    {title: 'JOBS', cell: worker => String(worker.jobs), align: 'right', spare: true},
    {
      title: 'SEEN',
      cell: (worker, now) => formatAge(worker.lastHeartbeatAt, now),
      sort: worker => worker.lastHeartbeatAt && -Date.parse(worker.lastHeartbeatAt),
      align: 'right',
      spare: true,
    },
    {title: 'ID', cell: worker => worker.id, wide: true},
    {title: 'HOST', cell: worker => worker.hostname ?? '', wide: true},
    {title: 'AGENT', cell: worker => worker.agentVersion ?? '', wide: true},
    {title: 'FLOOR', cell: worker => worker.floor ?? '', wide: true},
    {title: 'CLOCK', cell: worker => skewText(worker.clockSkewMs) ?? '', wide: true},
  ],
};

const clockText = (ms: number | undefined): string | undefined => {
  const skew = skewText(ms);
  return skew && `${skew}; set its clock`;
};

const duplicateText = ({duplicate, name}: WorkerView, now: number): string | undefined =>
  duplicate &&
  `refused ${formatAge(duplicate.at, now)} ago: another agent ${duplicate.isOtherMachine ? 'on another machine ' : ''}has its credential. ` +
    `If that is not yours: boxyard workers remove ${name}`;

export const workerText = (worker: WorkerView, now: number): string =>
  renderFields([
    ['Worker', worker.name],
    ['Id', worker.id],
    ['Status', worker.statusReason === undefined ? worker.status : `${worker.status}: ${worker.statusReason}`],
    ['Host', worker.hostname],
    ['Platform', [worker.platform, worker.arch].filter(Boolean).join(' ')],
    ['CPUs', worker.cpuCount === undefined ? undefined : `${worker.cpuCount}${cpuText(worker) && `, ${cpuText(worker)} busy`}`],
    [
      'Memory',
      [memoryText(worker) && `${memoryText(worker)} used`, `${formatBytes(worker.memory.free)} not reserved`].filter(Boolean).join(', '),
    ],
    ['Disk', diskText(worker)],
    ['Slots', `${worker.slots.free} of ${worker.slots.total} free`],
    ['DevBoxes', String(worker.devboxes)],
    ['Jobs', String(worker.jobs)],
    ['Engines', engineLines(worker)],
    [
      'Labels',
      Object.entries(worker.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    ],
    ['Floor', worker.floor],
    ['Agent', [worker.agentVersion, worker.mode].filter(Boolean).join(' ')],
    ['Heartbeat', worker.lastHeartbeatAt && `${formatAge(worker.lastHeartbeatAt, now)} ago`],
    ['Clock', clockText(worker.clockSkewMs)],
    ['Duplicate', duplicateText(worker, now)],
    [
      'Orphans',
      worker.orphans.map(box => `${box.name} (${box.engine})  boxyard devboxes adopt ${worker.name} ${box.name} NAME`).join('\n'),
    ],
    ['Since', worker.createdAt],
  ]);

const engineLines = (worker: WorkerView): string =>
  worker.engines
    .map(engine => {
      const {why, fix} = engine as {why?: string; fix?: string};
      return engine.usable ? engine.name : [`${engine.name}: ${why ?? 'not usable'}`, fix && `  ${fix}`].filter(Boolean).join('\n');
    })
    .join('\n');
