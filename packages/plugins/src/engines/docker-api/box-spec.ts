import type Docker from 'dockerode';
import type {BoxSpec, Host, Mount} from '@boxyard/core/plugin-api';
import {refuseDangerousSource} from './bind-source.ts';
import type {Dialect} from './api.ts';

/** Answers TERM at once, and needs nothing but `sh` and `sleep`. */
const HOLD = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done";
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** The create request: every field is set here from the spec, and nothing a requester wrote reaches HostConfig unread. */
export const createBody = async (spec: BoxSpec, dialect: Dialect, host: Host): Promise<Docker.ContainerCreateOptions> => {
  if (spec.image === undefined) throw host.fault('invalid', `${dialect.name} needs an image`);
  return {
    name: spec.name,
    Image: spec.image,
    Labels: {...spec.labels},
    Env: envList(spec.env, host),
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdin,
    AttachStdin: spec.stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    ...mainOf(spec.main),
    ...(spec.cwd === undefined ? {} : {WorkingDir: spec.cwd}),
    ...(spec.user === undefined ? {} : {User: spec.user}),
    ExposedPorts: Object.fromEntries(spec.ports.map(port => [`${port.inside}/tcp`, {}])),
    HostConfig: await hostConfig(spec, dialect, host),
  };
};

export const envList = (env: BoxSpec['env'], host: Host): string[] =>
  Object.entries(env).map(([name, value]) => {
    if (!ENV_NAME.test(name)) throw host.fault('invalid', `${JSON.stringify(name)} is not the name of a variable`);
    if (value.includes('\0')) throw host.fault('invalid', `the variable ${name} has a NUL in it`);
    return `${name}=${value}`;
  });

const mainOf = (main: BoxSpec['main']): Docker.ContainerCreateOptions => {
  if (main === undefined) return {};
  if (main === 'hold') return {Entrypoint: ['/bin/sh', '-c', HOLD], Cmd: [], StopSignal: 'SIGTERM'};
  // As the entry point: the image's own is not put before what was asked, and its default arguments not behind.
  return {Entrypoint: main.slice(0, 1), Cmd: main.slice(1)};
};

const hostConfig = async (spec: BoxSpec, dialect: Dialect, host: Host): Promise<Docker.HostConfig> => ({
  Init: true,
  AutoRemove: false,
  RestartPolicy: {Name: 'no'},
  LogConfig: {Type: dialect.log.Type, Config: {...dialect.log.Config}},
  ReadonlyRootfs: spec.readOnlyRoot,
  ...limits(spec.limits),
  ...privileges(spec.privileges),
  ...network(spec.network, host),
  ...(await mounts(spec.mounts, host)),
  PortBindings: Object.fromEntries(spec.ports.map(port => [`${port.inside}/tcp`, [{HostIp: port.address, HostPort: String(port.host)}]])),
});

/** Swap is not extra memory: both limits are the same. */
const limits = ({memoryBytes, cpus, pids}: BoxSpec['limits']): Docker.HostConfig => ({
  ...(memoryBytes === undefined ? {} : {Memory: memoryBytes, MemorySwap: memoryBytes}),
  ...(cpus === undefined ? {} : {NanoCpus: Math.round(cpus * 1e9)}),
  ...(pids === undefined ? {} : {PidsLimit: pids}),
});

const privileges = (wanted: BoxSpec['privileges']): Docker.HostConfig => {
  if (wanted === undefined) return {};
  if (wanted === 'all') return {Privileged: true};
  return {CapDrop: wanted === 'least' ? ['ALL'] : ['NET_RAW', 'MKNOD'], SecurityOpt: ['no-new-privileges']};
};

const network = (wanted: BoxSpec['network'], host: Host): Docker.HostConfig => {
  if (wanted === undefined) return {};
  if (typeof wanted === 'object') throw host.fault('unsupported', 'a network behind a gateway');
  return {NetworkMode: wanted === 'private' ? 'bridge' : wanted};
};

const mounts = async (wanted: readonly Mount[], host: Host): Promise<Docker.HostConfig> => {
  const tmpfs = wanted.filter(mount => mount.kind === 'tmpfs');
  const others: Docker.MountSettings[] = [];
  for (const mount of wanted) {
    if (mount.kind === 'tmpfs') continue;
    const source = mount.kind === 'bind' ? await refuseDangerousSource(mount.source, host) : mount.name;
    others.push({Type: mount.kind, Source: source, Target: mount.target, ReadOnly: mount.readOnly});
  }
  return {
    Mounts: others,
    Tmpfs: Object.fromEntries(
      tmpfs.map(mount => [mount.target, `${mount.readOnly ? 'ro' : 'rw'},exec,nosuid,nodev,mode=1777,size=${mount.bytes}`]),
    ),
  };
};
