import type {DevBoxView} from '@boxyard/core/api';
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
    {title: 'AGE', cell: (box, now) => formatAge(box.createdAt, now), align: 'right', spare: true},
    {title: 'NOTE', cell: noteText, flexible: true, spare: true},
  ],
};

function noteText(box: DevBoxView, now: number): string {
  if (box.removesAt === undefined) return box.reason ?? '';
  return `removed in ${formatAge(now, Date.parse(box.removesAt))}; boxyard devboxes restore ${box.name}`;
}

export const devboxText = (box: DevBoxView, now: number): string =>
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
    ['Memory', formatBytes(box.memoryBytes)],
    ['Capabilities', box.capabilities.join(', ')],
    ['Now at work', box.job],
    ['Waiting', box.waiting.join(', ')],
    ['Box', box.box],
    ['Last seen', box.seenAt],
    ['Created', `${box.createdAt} by ${box.actor}`],
  ]);
