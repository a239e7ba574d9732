import type {Unusable} from '../docker-api/connector.ts';

/** Why podman cannot be used here, in words for a person, and what to type. */
export const explain = (tried: readonly string[], code: string | undefined): Unusable => {
  if (code === 'EACCES' || code === 'EPERM')
    return {why: `you may not open ${tried[0] ?? 'its socket'}`, fix: 'systemctl --user start podman.socket'};
  if (code === 'ECONNREFUSED') return {why: `nothing answers at ${tried.join(', ')}`, fix: 'systemctl --user start podman.socket'};
  return {why: `no podman here, and no socket at ${tried.join(', ')}`, fix: 'sudo apt-get install podman'};
};
