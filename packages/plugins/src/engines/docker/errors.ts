import type {Unusable} from '../docker-api/connector.ts';

/** Why docker cannot be used here, in words for a person, and what to type. */
export const explain = (tried: readonly string[], code: string | undefined): Unusable => {
  if (code === 'EACCES' || code === 'EPERM')
    return {why: `you may not open ${tried[0] ?? 'its socket'}`, fix: 'sudo usermod -aG docker $USER, then log in again'};
  if (code === 'ECONNREFUSED') return {why: `nothing answers at ${tried.join(', ')}`, fix: 'sudo systemctl start docker'};
  return {why: `no docker socket at ${tried.join(', ')}`, fix: 'sudo apt-get install docker.io'};
};
