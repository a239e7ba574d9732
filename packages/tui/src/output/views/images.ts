import type {z} from 'zod';
import type {ImageCheckView as CheckSchema, ImageView as ImageSchema} from '@boxyard/core/api';
import {formatAge, formatBytes} from '../amounts.ts';
import type {ListView} from '../print.ts';

export type ImageView = z.infer<typeof ImageSchema>;
export type ImageCheckView = z.infer<typeof CheckSchema>;

export const imageList: ListView<ImageView> = {
  name: image => image.refs[0] ?? image.id,
  empty: 'No images on the connected workers. boxyard images pull NAME brings one.',
  columns: [
    {title: 'IMAGE', cell: image => image.refs.join(' ') || image.id},
    {title: 'SIZE', cell: image => formatBytes(image.bytes), sort: image => image.bytes, align: 'right', spare: true},
    {
      title: 'AGE',
      cell: (image, now) => formatAge(image.createdAt, now),
      sort: image => -Date.parse(image.createdAt),
      align: 'right',
      spare: true,
    },
    {title: 'WORKER', cell: image => image.worker.name, flexible: true},
    {title: 'ENGINE', cell: image => image.engine, spare: true},
    {title: 'ID', cell: image => image.id, wide: true},
    {title: 'PLATFORM', cell: image => image.platform, wide: true},
    {title: 'CAPABILITIES', cell: image => image.capabilities.join(' '), flexible: true, spare: true},
  ],
};

export const imageCheckList: ListView<ImageCheckView['workers'][number]> = {
  name: row => row.name,
  empty: 'No worker answered.',
  columns: [
    {title: 'WORKER', cell: row => row.name},
    {title: 'ENGINE', cell: row => row.engine, spare: true},
    {title: 'FOUND', cell: row => (row.error === undefined ? (row.found ? 'yes' : 'no') : 'unknown')},
    {title: 'NOTE', cell: row => row.error ?? row.id ?? '', flexible: true},
  ],
};
