import {mkdtempSync} from 'node:fs';
import {createServer, type Socket} from 'node:net';
import {join} from 'node:path';
import type {BoxSpec, Engine, Lab} from '../plugin-api/index.ts';
import {replaced} from './replaced.ts';

export interface LabParts {
  readonly engine: Engine;
  readonly image: string | undefined;
  /** On every box of the whole run. */
  readonly labels: Readonly<Record<string, string>>;
  readonly stateDir: string;
  readonly open: (config?: unknown) => Promise<Engine>;
  readonly restart: (() => Promise<void>) | undefined;
  readonly hungConfig: unknown;
}

const CLEAN_UP_MS = 60_000;

/** What one case works in. `clear` removes what it made, whatever became of it, and rejects with the names of what stayed. */
export function createLab(parts: LabParts, signal: AbortSignal): Lab & {clear(): Promise<void>} {
  const {engine, image, restart, hungConfig} = parts;
  const [names, images, closers]: [string[], string[], (() => void)[]] = [[], [], []];
  const random = Math.random().toString(36).slice(2, 10);
  const labels = {...parts.labels, 'boxyard.conformance-case': random};
  const leftovers = async () => (await engine.list(labels, AbortSignal.timeout(CLEAN_UP_MS))).map(box => box.name);
  return {
    signal,
    reopen: () => parts.open(),
    spec: (change = {}) => {
      const name = `lab-${random}-${names.length}`;
      names.push(name);
      return {...plain, name, labels, ...(image === undefined ? {} : {image}), ...change};
    },
    imageName: () => {
      images.push(`localhost/conformance-${random}-${images.length}:1`);
      return images.at(-1)!;
    },
    leftovers,
    ...(restart === undefined ? {} : {restart}),
    ...(hungConfig === undefined ? {} : {hung: () => openHung(parts, hungConfig, closers)}),
    clear: async () => {
      closers.forEach(close => close());
      const fresh = AbortSignal.timeout(CLEAN_UP_MS);
      await Promise.all(names.map(async name => (await engine.find(name, fresh))?.remove(fresh)));
      for (const ref of images)
        if ((await engine.features.images?.find(ref, fresh)) !== undefined) await engine.features.images?.remove(ref, fresh);
      const left = await leftovers();
      if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    },
  };
}

/** Of the whole run, also what a case made after it was given up. */
export async function removeAll(engine: Engine, labels: LabParts['labels']): Promise<void> {
  const fresh = AbortSignal.timeout(CLEAN_UP_MS);
  const boxes = await engine.list(labels, fresh);
  await Promise.all(boxes.map(box => box.remove(fresh)));
}

async function openHung({stateDir, open}: LabParts, config: unknown, closers: (() => void)[]): Promise<Engine> {
  const socket = join(mkdtempSync(join(stateDir, 'hung-')), 's');
  const held = new Set<Socket>();
  const server = createServer(connection => {
    held.add(connection);
    connection.on('error', () => undefined).resume();
  });
  closers.push(() => {
    for (const connection of held) connection.destroy();
    server.close();
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  return open(replaced(config, '$HUNG', socket));
}

const plain: Omit<BoxSpec, 'name' | 'labels'> = {
  main: ['true'],
  env: {},
  stdin: false,
  limits: {},
  mounts: [],
  ports: [],
  readOnlyRoot: false,
};
