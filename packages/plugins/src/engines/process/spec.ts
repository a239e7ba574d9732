import type {BoxSpec, Host} from '@boxyard/core/plugin-api';
import type {Kept} from './box-dir.ts';

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** What is kept of a spec. A field that cannot be honoured without a container is refused, not ignored. */
export const keptOf = (spec: BoxSpec, host: Host): Kept => {
  const refused = unsupported(spec);
  if (refused !== undefined) throw host.fault('unsupported', refused, {hint: 'Use a worker with podman or docker, or leave it out.'});
  for (const [name, value] of Object.entries(spec.env))
    if (!ENV_NAME.test(name) || value.includes('\0'))
      throw host.fault('invalid', `${JSON.stringify(name)} is not a variable that can be set`);
  if (spec.main === undefined) throw host.fault('invalid', 'without an image there must be a command');
  return {labels: spec.labels, main: spec.main, env: spec.env, cwd: spec.cwd ?? '/workspace', stdin: spec.stdin};
};

const unsupported = (spec: BoxSpec): string | undefined => {
  const limit = Object.entries(spec.limits).find(([, value]) => value !== undefined)?.[0];
  if (spec.image !== undefined) return `the image ${spec.image}`;
  if (limit !== undefined) return `the limit ${limit}`;
  if (spec.mounts.some(mount => mount.kind !== 'volume' || mount.readOnly)) return 'a mount of anything but a volume to write in';
  if (spec.ports.some(port => port.inside !== port.host)) return 'a port under another number';
  if (spec.network !== undefined && spec.network !== 'host') return `the network ${JSON.stringify(spec.network)}`;
  if (spec.privileges !== undefined) return `the privileges ${spec.privileges}`;
  if (spec.readOnlyRoot) return 'a read-only root';
  return spec.user === undefined ? undefined : `running as ${spec.user}`;
};
