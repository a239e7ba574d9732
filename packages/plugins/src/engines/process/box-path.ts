import path from 'node:path';
import type {BoxDir} from './box-dir.ts';

const STANDS_FOR = '/workspace';

/** `/workspace` and what is below it is the box's own folder; any other absolute path is what it is on this machine. */
export const insideFolder = (box: BoxDir, wanted: string | undefined): string => {
  const normal = path.posix.normalize(wanted ?? STANDS_FOR);
  if (normal === STANDS_FOR || normal.startsWith(`${STANDS_FOR}/`)) return path.join(box.workspace, normal.slice(STANDS_FOR.length));
  return path.isAbsolute(normal) ? normal : path.join(box.workspace, normal);
};

/** Whether the folder is the box's own or below it, by spelling. */
export const isOwn = (box: BoxDir, resolved: string): boolean => resolved === box.workspace || resolved.startsWith(`${box.workspace}/`);
