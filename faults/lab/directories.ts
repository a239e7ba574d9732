import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, chmodSync, readdirSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {waitFor} from './wait-for.ts';

export const projectRoot = join(import.meta.dirname, '../..');
export const node = join(projectRoot, 'node_modules/node/bin/node');
/** Server and agent as the CLI starts them, without the process in between. */
export const serverProgram = join(projectRoot, 'dist/server.js');
export const agentProgram = join(projectRoot, 'dist/agent.js');
/** Where jobs of the engine process have their folders when the agent is root. */
export const jobHome = '/var/lib/boxyard-job';
export const boxyard = process.env['BOXYARD_BIN'] ?? join(projectRoot, 'bin/boxyard');

/** A directory of one lab, which everything of it lies below and by whose name its processes are found. Short, for sockets. */
export function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'bx-'));
  // Jobs of the engine process run as another user and must be able to walk to the ledger.
  chmodSync(root, 0o711);
  const guardian = spawn('sh', [join(import.meta.dirname, 'guardian.sh'), String(process.pid), `${root}/`], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  });
  guardian.unref();
  return root;
}

/** The environment of one machine: own home and XDG directories below `dir`, nothing of the tester's settings. */
export function machineEnv(dir: string, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  mkdirSync(join(dir, 'run'), {recursive: true, mode: 0o700});
  return {
    PATH: [join(projectRoot, 'node_modules/.bin'), process.env['PATH'] ?? '', '/usr/sbin', '/sbin'].join(delimiter),
    LANG: 'C.UTF-8',
    TMPDIR: tmpdir(),
    HOME: dir,
    XDG_CONFIG_HOME: join(dir, 'config'),
    XDG_DATA_HOME: join(dir, 'data'),
    XDG_STATE_HOME: join(dir, 'state'),
    XDG_CACHE_HOME: join(dir, 'cache'),
    XDG_RUNTIME_DIR: join(dir, 'run'),
    NO_COLOR: '1',
    ...(process.env['CONTAINERS_CONF'] ? {CONTAINERS_CONF: process.env['CONTAINERS_CONF']} : {}),
    ...extra,
  };
}

/** Processes whose command line or environment names the directory. Only those are ever ended. */
export function processesOf(dir: string): {pid: number; command: string}[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap(name => {
      const command = readProc(name, 'cmdline');
      const belongs =
        command.includes(`${dir}/`) || readProc(name, 'environ').includes(`=${dir}/`) || readProc(name, 'environ').includes(`=${dir}\0`);
      return belongs ? [{pid: Number(name), command: command.replaceAll('\0', ' ').trim()}] : [];
    });
}

const readProc = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
};

/** Ends what still runs in the name of the directory and removes it. */
export async function sweep(dir: string): Promise<void> {
  const kill = () => {
    const found = processesOf(dir).filter(({command}) => command !== '');
    for (const {pid} of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    return found.length === 0;
  };
  await waitFor(kill, {within: 10_000, every: 20, what: `processes of ${dir} are gone`});
  rmSync(dir, {recursive: true, force: true, maxRetries: 5, retryDelay: 100});
}
