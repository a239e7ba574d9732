import {spawnSync} from 'node:child_process';
import {availableParallelism, getPriority, loadavg, release, totalmem} from 'node:os';

/** How large the machine is and what runs on it; nothing that names it. */
export function machine(): readonly string[] {
  const load = loadavg()[0]!;
  const priority = getPriority();
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return [
    `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, ${gigabytes} GiB, Linux ${release().split('-')[0]}`,
    `Node ${process.versions.node}, Redis ${firstVersion('redis-server', '--version')}, Docker ${firstVersion('docker', 'version', '-f', '{{.Server.Version}}')}, Podman ${firstVersion('podman', '--version')}`,
    `Load average ${load.toFixed(1)} at the end of the last run${priority === 0 ? '' : `, run at nice ${priority}`}: what else ran then is in these figures`,
  ];
}

const firstVersion = (command: string, ...rest: string[]): string =>
  /\d+\.\d+\.\d+/.exec(spawnSync(command, rest, {encoding: 'utf8'}).stdout ?? '')?.[0] ?? 'none';
