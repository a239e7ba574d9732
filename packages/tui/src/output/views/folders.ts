import {formatAge, formatBytes} from '../amounts.ts';
import type {ListView} from '../print.ts';

/** A folder of a cluster, or a file in one. */
export interface FolderRow {
  readonly path: string;
  /** Of a folder. */
  readonly files?: number | undefined;
  readonly bytes: number;
  readonly changedAt?: string | undefined;
  readonly until?: string | undefined;
  /** Who wrote it; of a folder, who wrote there last. */
  readonly by?: string | undefined;
}

export const folderList: ListView<FolderRow> = {
  name: row => row.path,
  empty: 'Nothing there. A cluster’s document names its folders: folders: [plans]',
  columns: [
    {title: 'PATH', cell: row => row.path, flexible: true},
    {title: 'FILES', cell: row => (row.files === undefined ? '' : String(row.files)), sort: row => row.files, align: 'right', spare: true},
    {title: 'SIZE', cell: row => formatBytes(row.bytes), sort: row => row.bytes, align: 'right'},
    {
      title: 'CHANGED',
      cell: (row, now) => formatAge(row.changedAt, now),
      sort: row => (row.changedAt === undefined ? 0 : -Date.parse(row.changedAt)),
      align: 'right',
      spare: true,
    },
    {title: 'BY', cell: row => row.by ?? '', flexible: true, spare: true},
    {title: 'UNTIL', cell: row => row.until ?? '', wide: true},
  ],
};
