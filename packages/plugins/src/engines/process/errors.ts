import type {Host} from '@boxyard/core/plugin-api';

/** What the operating system said, as a fault; a fault passes through as it is. */
export const faultOf = (host: Host, error: unknown, doing: string): Error => {
  const {code, message} = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return host.fault('no-space', `${doing}: ${message}`, {cause: error});
  if (code === 'EACCES' || code === 'EPERM') return host.fault('denied', `${doing}: ${message}`, {cause: error});
  if (code === 'EAGAIN' || code === 'EMFILE' || code === 'ENOMEM') return host.fault('busy', `${doing}: ${message}`, {cause: error});
  return error instanceof Error ? error : new Error(String(error));
};
