import type {DevBoxStatsView, DevBoxView} from '@boxyard/core/api';
import type {WireError} from '@boxyard/core/errors';
import {formatAge, formatBytes} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';

export const devboxList: ListView<DevBoxView> = {
  name: box => box.name,
  empty: 'No DevBoxes. Try: boxyard devboxes create web --image debian:12',
  columns: [
    {title: 'NAME', cell: box => box.name},
    {title: 'STATE', cell: box => box.state},
    {title: 'WORKER', cell: box => box.worker?.name ?? '', flexible: true},
    {title: 'ENGINE', cell: box => box.engine ?? '', spare: true},
    {title: 'IMAGE', cell: box => box.image ?? '', flexible: true, spare: true},
    {title: 'AGE', cell: (box, now) => formatAge(box.createdAt, now), sort: box => -Date.parse(box.createdAt), align: 'right', spare: true},
    {title: 'ID', cell: box => box.id, wide: true},
    {title: 'MEMORY', cell: box => formatBytes(box.memoryBytes), sort: box => box.memoryBytes, align: 'right', wide: true},
    {title: 'BY', cell: box => box.actor, wide: true},
    {title: 'NOTE', cell: noteText, flexible: true, spare: true},
  ],
};

function noteText(box: DevBoxView, now: number): string {
  if (box.removesAt === undefined) return box.reason ?? '';
  return `removed in ${formatAge(now, Date.parse(box.removesAt))}; boxyard devboxes restore ${box.name}`;
}

/** `12 %` of one processor, `0.4 %`. */
export const percentText = (percent: number): string => `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;

/** With its figures where they could be had. */
export type DevBoxWithStats = DevBoxView & {readonly stats?: Pick<DevBoxStatsView, 'cpuPercent' | 'memoryBytes' | 'pids'> | undefined};

export const devboxText = (box: DevBoxWithStats, now: number): string =>
  renderFields([
    ['DevBox', box.name],
    ['Id', box.id],
    ['State', box.state],
    ['Reason', box.reason],
    ['Removal', box.removesAt && noteText(box, now)],
    ['Worker', box.worker?.name],
    ['Engine', box.engine],
    ['Image', box.image],
    ['Branch', box.branch],
    ['Task', box.task],
    ['Profile', box.egress === undefined ? box.profile : `${box.profile} (egress: ${box.egress})`],
    ['Memory', [formatBytes(box.memoryBytes), box.stats && `${formatBytes(box.stats.memoryBytes)} in use`].filter(Boolean).join(', ')],
    ['CPU', box.stats && percentText(box.stats.cpuPercent)],
    ['Processes', box.stats?.pids === undefined ? undefined : String(box.stats.pids)],
    ['Capabilities', box.capabilities.join(', ')],
    ['Now at work', box.job],
    ['Waiting', box.waiting.join(', ')],
    ['Box', box.box],
    ['Last seen', box.seenAt],
    ['Created', `${box.createdAt} by ${box.actor}`],
  ]);

/** Of one DevBox, or why there are none. */
export interface StatsRow {
  readonly name: string;
  readonly stats?: DevBoxStatsView;
  readonly error?: WireError;
}

export const statsList: ListView<StatsRow> = {
  name: row => row.name,
  empty: 'No DevBox runs. See: boxyard devboxes list',
  columns: [
    {title: 'NAME', cell: row => row.name},
    {title: 'CPU', cell: ({stats}) => (stats === undefined ? '' : percentText(stats.cpuPercent)), align: 'right'},
    {title: 'MEMORY', cell: ({stats}) => (stats === undefined ? '' : formatBytes(stats.memoryBytes)), align: 'right'},
    {
      title: 'LIMIT',
      cell: ({stats}) => (stats?.memoryLimitBytes === undefined ? '' : formatBytes(stats.memoryLimitBytes)),
      align: 'right',
      spare: true,
    },
    {title: 'PIDS', cell: ({stats}) => String(stats?.pids ?? ''), align: 'right', spare: true},
    {title: 'NOTE', cell: ({error}) => error?.message ?? '', flexible: true, spare: true},
  ],
};
