import {request} from 'node:http';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {spawn} from '@lydell/node-pty';
import xterm from '@xterm/headless';
import {startChild} from '../child.ts';
import {pause, waitFor, type Lab} from '../lab.ts';
import {privateEnv} from './boxyard.ts';
import type {PoolSize} from './simulated-pool.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const counted = join(root, 'bench/programs/counted-cli.ts');
const serverProgram = join(root, 'bench/programs/simulated-server.ts');

export interface SimulatedServer {
  readonly url: string;
  /** From now on so many events a second. */
  rate(events: number): Promise<void>;
  gauge(worker: number, cpu: number): Promise<void>;
  told(): Promise<number>;
}

export async function startSimulatedServer(lab: Lab, size: PoolSize): Promise<SimulatedServer> {
  const child = await startChild(lab, {argv: [process.execPath, serverProgram, JSON.stringify(size)]}, /listening \d+/);
  const url = `http://127.0.0.1:${/listening (\d+)/.exec(child.output())![1]}`;
  const ask = async (path: string) => (await (await fetch(url + path, {method: 'POST'})).json()) as {told: number};
  return {
    url,
    rate: async events => void (await ask(`/bench/rate?events=${events}`)),
    gauge: async (worker, cpu) => void (await ask(`/bench/gauge?worker=${worker}&cpu=${cpu}`)),
    told: async () => (await ask('/bench/told')).told,
  };
}

/** Since the program's start, as it counted itself. */
export interface Counts {
  readonly commits: number;
  readonly frames: number;
  readonly writes: number;
  readonly bytes: number;
  readonly heapBytes: number;
  readonly cpuMs: number;
}

/** What a dashboard is opened on. */
export interface DashboardServer {
  readonly url: string;
  readonly token?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** `boxyard dashboard` on a terminal of its own. */
export interface OpenDashboard {
  readonly pid: number;
  type(keys: string): void;
  /** What a person sees. */
  lines(): readonly string[];
  /** The row under the cursor; empty where none is in sight. */
  selected(): string;
  /** After each time the screen changed; the function returned ends it. */
  onShown(listener: () => void): () => void;
  shows(text: string | RegExp, within?: number): Promise<void>;
  /** `collected`: after a garbage collection. */
  counts(collected?: 'collected'): Promise<Counts>;
  close(): void;
}

let opened = 0;

export async function openDashboard(lab: Lab, server: DashboardServer, {columns, rows}: Size): Promise<OpenDashboard> {
  const own = dashboardEnv(lab, server);
  const socket = join(own['HOME']!, 'counts');
  const env = {...own, BENCH_COUNTS: socket, NODE_ENV: 'production'};
  const argv = ['--expose-gc', '--import', counted, join(root, 'dist/cli/run.js'), 'dashboard'];
  const {terminal, pty, listeners} = openPty(lab, process.execPath, {argv, env, columns, rows});
  const dashboard: OpenDashboard = {
    pid: pty.pid,
    type: keys => pty.write(keys),
    lines: () => linesOf(terminal),
    selected: () => selectedIn(terminal),
    onShown(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    shows: async (text, within = 20_000) => {
      const found = () =>
        linesOf(terminal).some(line => (typeof text === 'string' ? line.includes(text) : text.test(line))) ? true : undefined;
      await waitFor(`${text} on the screen:\n${linesOf(terminal).join('\n')}`, found, within);
    },
    counts: collected => fromSocket(socket, collected === undefined ? '/' : '/collected'),
    close: () => pty.kill('SIGTERM'),
  };
  await dashboard.shows('Boxyard');
  return dashboard;
}

/** Milliseconds from the start of `boxyard dashboard` until its first frame is on the terminal. */
export async function firstFrame(lab: Lab, server: SimulatedServer, {columns, rows}: Size): Promise<number> {
  const from = performance.now();
  const {terminal, pty, listeners} = openPty(lab, join(root, 'bin/boxyard'), {
    argv: ['dashboard'],
    env: dashboardEnv(lab, server),
    columns,
    rows,
  });
  const shown = Promise.withResolvers<number>();
  listeners.add(() => linesOf(terminal).some(line => line.includes('Boxyard')) && shown.resolve(performance.now() - from));
  const late = setTimeout(() => shown.reject(new Error(`no frame within 20 s: ${linesOf(terminal).join('\n')}`)), 20_000);
  try {
    return await shown.promise;
  } finally {
    clearTimeout(late);
    pty.kill('SIGKILL');
  }
}

/**
 * Milliseconds from the first frame until the row that was chosen before is chosen again, with the filter and the pane that were
 * there: `boxyard dashboard` is left and opened once more. The server has 30 DevBoxes at least.
 */
export async function reopened(lab: Lab, server: SimulatedServer, {columns, rows}: Size): Promise<number> {
  const open = {argv: ['dashboard'], env: dashboardEnv(lab, server), columns, rows};
  const before = openPty(lab, join(root, 'bin/boxyard'), open);
  const ended = new Promise(resolve => before.pty.onExit(resolve));
  const selected = () => selectedIn(before.terminal);
  await waitFor('DevBoxes', () => linesOf(before.terminal).some(line => line.includes('box-00')) || undefined, 20_000);
  before.pty.write('/box-002\r');
  await waitFor('those that fit', () => selected().includes('box-002') || undefined, 20_000);
  const top = selected();
  before.pty.write('jjj\t');
  await waitFor('another row', () => selected() !== top || undefined, 20_000);
  await pause(200);
  const chosen = selected();
  before.pty.kill('SIGTERM');
  await ended;
  const {terminal, pty, listeners} = openPty(lab, join(root, 'bin/boxyard'), open);
  const back = Promise.withResolvers<number>();
  let first: number | undefined;
  listeners.add(() => {
    const [head = ''] = linesOf(terminal);
    if (head.includes('Boxyard')) first ??= performance.now();
    if (head.includes('/box-002') && selectedIn(terminal) === chosen) back.resolve(performance.now() - first!);
  });
  const late = setTimeout(() => back.reject(new Error(`not ${chosen} within 20 s: ${linesOf(terminal).join('\n')}`)), 20_000);
  try {
    return await back.promise;
  } finally {
    clearTimeout(late);
    pty.kill('SIGKILL');
  }
}

/** Colours as on a person's terminal; a home of its own, since a dashboard opens where it was left. */
function dashboardEnv(lab: Lab, {url, token = 'bench', env: more = {}}: DashboardServer): Record<string, string> {
  const {NO_COLOR: _no, ...env} = privateEnv(lab, `home-${++opened}`);
  const all = {...env, TERM: 'xterm-256color', BOXYARD_SERVER: url, BOXYARD_TOKEN: token, ...more};
  return Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

interface OnPty extends Size {
  readonly argv: string[];
  readonly env: Record<string, string>;
}

function openPty(lab: Lab, file: string, {argv, env, columns, rows}: OnPty) {
  const terminal = new xterm.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 0});
  const pty = spawn(file, argv, {name: 'xterm-256color', cols: columns, rows, env, cwd: lab.dir});
  lab.own(pty, given => given.kill('SIGKILL'));
  const listeners = new Set<() => void>();
  pty.onData(data => terminal.write(data, () => listeners.forEach(listener => listener())));
  // What a terminal answers when it is asked what it can do.
  terminal.onData(data => pty.write(data));
  return {terminal, pty, listeners};
}

const linesOf = ({buffer, rows}: xterm.Terminal): readonly string[] =>
  Array.from({length: rows}, (_, y) => buffer.active.getLine(buffer.active.viewportY + y)?.translateToString(true) ?? '');

/** Where the row is whose cells are inverse, the head of the page apart, and how it begins. */
function selectedIn({buffer, rows}: xterm.Terminal): string {
  for (let y = 1; y < rows; y++) {
    const line = buffer.active.getLine(buffer.active.viewportY + y);
    if (line?.getCell(4)?.isInverse()) return `${y} ${line.translateToString(true).slice(3, 14)}`;
  }
  return '';
}

function fromSocket(socketPath: string, path: string): Promise<Counts> {
  return new Promise((resolve, reject) => {
    const asked = request({socketPath, path}, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(JSON.parse(text) as Counts));
    });
    asked.once('error', reject);
    asked.end();
  });
}
