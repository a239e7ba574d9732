import type {Unusable} from '../docker-api/connector.ts';

/** Why podman cannot be used here, in words for a person, and what to type. */
export const explain = (tried: readonly string[], code: string | undefined): Unusable => {
  if (code === 'EACCES' || code === 'EPERM')
    return {why: `you may not open ${tried[0] ?? 'its socket'}`, fix: 'systemctl --user start podman.socket'};
  if (code === 'ECONNREFUSED') return {why: `nothing answers at ${tried.join(', ')}`, fix: 'systemctl --user start podman.socket'};
  return {why: `no podman here, and no socket at ${tried.join(', ')}`, fix: 'sudo apt-get install podman'};
};

/** For a service somebody else started, whose settings are not ours to change. */
export const fixOf = (why: string): string | undefined => {
  if (/cgroups in hybrid mode/i.test(why))
    return 'sudo apt-get install runc, and runtime = "runc" under [engine] in /etc/containers/containers.conf';
  if (/rlimit|RLIMIT|operation not permitted: OCI permission denied/.test(why))
    return 'default_ulimits = ["nofile=16384:16384", "nproc=8192:8192"] under [containers] in /etc/containers/containers.conf';
  return undefined;
};
