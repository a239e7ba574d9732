import {accessSync, constants, existsSync, statfsSync} from 'node:fs';
import {request} from 'node:http';
import {freemem, totalmem, userInfo} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import type {Paths} from '@boxyard/core/config';
import {formatBytes} from '../output/amounts.ts';

/** One thing a worker or a server needs. `failed` is in the way of something; `warning` is worth knowing. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly note: string;
  /** The command a person should type. */
  readonly fix?: string | undefined;
}

/** What a probe of an engine said. */
export type EngineProbe =
  {readonly usable: true; readonly version: string} | {readonly usable: false; readonly why: string; readonly fix?: string | undefined};

export interface DoctorOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paths: Paths;
  readonly nodeVersion: string;
  readonly probes: ReadonlyMap<string, EngineProbe>;
  /** How far this machine's clock is from the server's, where a server said so. */
  readonly clockSkewMs?: number | undefined;
  /** Session hosts of the worker here that are of other code than what is installed. */
  readonly olderHosts?: readonly {readonly pid: number}[];
}

export async function examine(options: DoctorOptions): Promise<readonly Check[]> {
  const engines = engineChecks(options.probes);
  const dockerIsUsable = options.probes.get('docker')?.usable === true;
  const checks = [
    nodeCheck(options.nodeVersion),
    redisCheck(options.env),
    ...engines,
    ...(dockerIsUsable ? [await liveRestoreCheck(dockerSocket(options.env))] : []),
    diskCheck(options.paths.data),
    memoryCheck(freemem(), totalmem()),
    lingerCheck(),
    clockCheck(options.clockSkewMs),
    hostsCheck(options.olderHosts ?? []),
  ];
  return checks.filter(check => check !== undefined);
}

export const isHealthy = (checks: readonly Check[]): boolean => checks.every(check => check.status !== 'failed');

/** Only where there is something to know. */
function hostsCheck(older: readonly {readonly pid: number}[]): Check | undefined {
  if (older.length === 0) return undefined;
  const pids = older.map(({pid}) => pid).join(', ');
  return {name: 'session host', status: 'warning', note: `pid ${pids} is from before an upgrade and ends when what it holds has ended`};
}

function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isFit = major > 22 || (major === 22 && minor >= 22);
  return {name: 'node', status: isFit ? 'ok' : 'failed', note: version, fix: isFit ? undefined : 'sh scripts/setup.sh'};
}

function redisCheck(env: DoctorOptions['env']): Check {
  if (env['REDIS_URL']) return {name: 'redis', status: 'ok', note: 'REDIS_URL names one'};
  const dirs = [...(env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];
  const found = dirs.flatMap(dir => [join(dir || '.', 'redis-server'), join(dir || '.', 'valkey-server')]).find(isExecutable);
  if (found !== undefined) return {name: 'redis', status: 'ok', note: found};
  return {
    name: 'redis',
    status: 'failed',
    note: 'redis-server is not installed; only a server needs it',
    fix: 'sudo apt-get install redis-server',
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** One container engine is enough: the others are only worth knowing about then. */
function engineChecks(probes: DoctorOptions['probes']): readonly Check[] {
  const hasContainers = [...probes].some(([name, probe]) => name !== 'process' && probe.usable);
  return [...probes].map(([name, probe]) => {
    if (probe.usable) return {name, status: 'ok', note: probe.version};
    const isMissed = name !== 'process' && !hasContainers;
    return {name, status: isMissed ? 'failed' : 'warning', note: probe.why, fix: probe.fix};
  });
}

function dockerSocket(env: DoctorOptions['env']): string | undefined {
  const host = env['DOCKER_HOST'];
  if (!host) return '/var/run/docker.sock';
  return host.startsWith('unix://') ? host.slice(7) : undefined;
}

/** R7: without it, DevBoxes end with the Docker daemon. */
async function liveRestoreCheck(socketPath: string | undefined): Promise<Check | undefined> {
  if (socketPath === undefined) return undefined;
  const info = await askDocker(socketPath).catch(() => undefined);
  if (info === undefined) return undefined;
  if (info.LiveRestoreEnabled === true) return {name: 'docker live-restore', status: 'ok', note: 'on'};
  const fix = `echo '{"live-restore": true}' | sudo tee /etc/docker/daemon.json && sudo systemctl reload docker`;
  return {
    name: 'docker live-restore',
    status: 'warning',
    note: 'off: DevBoxes stop when the Docker daemon does',
    fix: existsSync('/etc/docker/daemon.json')
      ? 'add "live-restore": true to /etc/docker/daemon.json, then: sudo systemctl reload docker'
      : fix,
  };
}

function askDocker(socketPath: string): Promise<{LiveRestoreEnabled?: boolean}> {
  return new Promise((resolve, reject) => {
    const asked = request({socketPath, path: '/info', timeout: 5_000}, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        try {
          resolve(JSON.parse(text) as {LiveRestoreEnabled?: boolean});
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}

const littleDisk = 2 * 1024 ** 3;
const littleMemory = 512 * 1024 ** 2;

function diskCheck(dir: string): Check {
  const at = nearestExisting(dir);
  const {bavail, bsize} = statfsSync(at);
  const free = bavail * bsize;
  const note = `${formatBytes(free)} free at ${at}`;
  return free > littleDisk
    ? {name: 'disk', status: 'ok', note}
    : {name: 'disk', status: 'failed', note, fix: 'free some space, or set BOXYARD_DATA_DIR'};
}

const nearestExisting = (dir: string): string => (existsSync(dir) ? dir : nearestExisting(dirname(dir)));

function memoryCheck(free: number, total: number): Check {
  const note = `${formatBytes(free)} of ${formatBytes(total)} free`;
  return {name: 'memory', status: free > littleMemory ? 'ok' : 'warning', note};
}

function lingerCheck(): Check | undefined {
  const {uid, username} = userInfo();
  if (uid === 0 || !existsSync('/run/systemd/system')) return undefined;
  if (existsSync(`/var/lib/systemd/linger/${username}`)) return {name: 'lingering', status: 'ok', note: 'services outlive the login'};
  const note = 'services and rootless boxes end when you log out';
  return {name: 'lingering', status: 'warning', note, fix: `loginctl enable-linger ${username}`};
}

function clockCheck(skewMs: number | undefined): Check | undefined {
  if (skewMs === undefined) return undefined;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (seconds < 60) return {name: 'clock', status: 'ok', note: 'agrees with the server'};
  return {
    name: 'clock',
    status: 'warning',
    note: `${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the server`,
    fix: 'sudo timedatectl set-ntp true',
  };
}
