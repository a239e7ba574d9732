import {request} from 'node:http';
import {createHash} from 'node:crypto';
import {copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {files, paths} from '@boxyard/core/config';
import {projectRoot} from './directories.ts';
import {must, run} from './run-command.ts';
import {engineAnswers} from '../primitives/engine-proxy.ts';

export type ContainerEngine = 'docker' | 'podman';
const sockets: Readonly<Record<ContainerEngine, string>> = {docker: '/var/run/docker.sock', podman: '/run/podman/podman.sock'};

/** A container as its engine tells it. */
export interface Seen {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An engine seen directly, past Boxyard: what exists and how often each container was started. */
export class EngineView implements AsyncDisposable {
  readonly engine: ContainerEngine;
  readonly socketPath: string;
  /** Starts by container name, since `watch`. This is the ledger of containers, which have no host directory to write to. */
  readonly starts = new Map<string, number>();
  /** podman reads its events from a file, and may tell one of them twice. */
  readonly #told = new Set<string>();
  #stop: (() => void) | undefined;

  private constructor(engine: ContainerEngine, socketPath: string) {
    this.engine = engine;
    this.socketPath = socketPath;
  }

  /** The machine's own, or the one that listens there. Undefined where the engine does not answer. */
  static async open(engine: ContainerEngine, socketPath = sockets[engine]): Promise<EngineView | undefined> {
    return (await engineAnswers(socketPath)) ? new EngineView(engine, socketPath) : undefined;
  }

  /** Counts starts of containers with a label of ours from now on. */
  watch(): Promise<void> {
    const filters = encodeURIComponent(JSON.stringify({type: ['container'], event: ['start']}));
    return new Promise((resolve, reject) => {
      const asked = request({socketPath: this.socketPath, agent: false, path: `/v1.40/events?filters=${filters}`});
      asked.once('error', reject);
      // podman answers when there is a first event, so the request having left is all that can be waited for.
      asked.once('socket', socket => socket.once('connect', () => setTimeout(resolve, 100)));
      asked.once('response', back => {
        back.setEncoding('utf8');
        let rest = '';
        back.on('data', (text: string) => {
          const lines = (rest + text).split('\n');
          rest = lines.pop() ?? '';
          lines.filter(Boolean).forEach(line => this.#count(line));
        });
        back.on('error', () => undefined);
      });
      asked.end();
      this.#stop = () => asked.destroy();
    });
  }

  #count(line: string): void {
    const {Actor: actor, timeNano} = JSON.parse(line) as {Actor?: {Attributes?: Record<string, string>}; timeNano?: number};
    const name = actor?.Attributes?.['name'];
    if (name === undefined || this.#told.has(`${name} ${timeNano}`)) return;
    this.#told.add(`${name} ${timeNano}`);
    if (isOurs(actor!.Attributes!)) this.starts.set(name, (this.starts.get(name) ?? 0) + 1);
  }

  /** Containers in any state that carry these labels; with none, all that carry any label of ours. */
  async list(labels: Readonly<Record<string, string>> = {}): Promise<readonly Seen[]> {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const filters = encodeURIComponent(JSON.stringify({label: wanted}));
    const found = await this.#get<{Id: string; Names: string[]; State: string; Labels: Record<string, string> | null}[]>(
      `/v1.40/containers/json?all=true&filters=${filters}`,
    );
    return found
      .map(each => ({id: each.Id, name: (each.Names[0] ?? '').replace(/^\//, ''), state: each.State, labels: each.Labels ?? {}}))
      .filter(each => isOurs(each.labels));
  }

  remove(name: string): Promise<unknown> {
    return run([...this.#client, 'rm', '-f', name]);
  }

  /** The engine's own client, as a person without a Boxyard has it; podman's by way of its service, whose settings count here. */
  cli(...args: readonly string[]): Promise<string> {
    return must([...this.#client, ...args]);
  }

  get #client(): readonly string[] {
    return [this.engine, this.engine === 'podman' ? '--url' : '--host', `unix://${this.socketPath}`];
  }

  /** The image of the ledger, made of the machine's static busybox; its tag tells the script's version. */
  async ledgerImage(): Promise<string> {
    const script = join(projectRoot, 'faults/ledger/ledger.sh');
    const ref = `localhost/ledger:${createHash('sha256').update(readFileSync(script)).digest('hex').slice(0, 8)}`;
    if ((await run([...this.#client, 'image', 'inspect', ref])).code === 0) return ref;
    const tree = mkdtempSync(join(tmpdir(), 'bx-image-'));
    try {
      for (const dir of ['bin', 'etc', 'tmp', 'root', 'proc', 'sys', 'dev', 'workspace']) mkdirSync(join(tree, dir));
      await must(['chmod', '1777', join(tree, 'tmp'), join(tree, 'workspace')]);
      copyFileSync(busybox(), join(tree, 'bin/busybox'));
      for (const name of (await must([busybox(), '--list'])).split('\n').filter(name => name && name !== 'busybox'))
        symlinkSync('busybox', join(tree, 'bin', name));
      copyFileSync(script, join(tree, 'bin/ledger'));
      writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
      await must(['sh', '-c', `tar -C ${tree} -c . | ${this.#client.join(' ')} import - ${ref}`], {within: 120_000});
      return ref;
    } finally {
      rmSync(tree, {recursive: true, force: true});
    }
  }

  #get<T>(path: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const asked = request({socketPath: this.socketPath, agent: false, path, timeout: 20_000}, back => {
        const parts: Buffer[] = [];
        back.on('data', (part: Buffer) => parts.push(part));
        back.once('end', () => resolve(JSON.parse(Buffer.concat(parts).toString()) as T));
        back.once('error', reject);
      });
      asked.once('timeout', () => asked.destroy(new Error(`${this.engine} did not answer`)));
      asked.once('error', reject);
      asked.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop?.();
  }
}

/** What the agent of these directories joined as. */
export const joinedAs = (env: Readonly<Record<string, string>>): {readonly worker: string; readonly tenant: string} | undefined => {
  const file = files(paths(env)).worker;
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as {worker: string; tenant: string}) : undefined;
};

/** An agent that was killed leaves the network of its tenant on podman to one that starts later, which here nobody does. */
export async function removeNetwork(tenant: string): Promise<void> {
  const name = `boxyard-${tenant}`;
  if (existsSync(`/etc/containers/networks/${name}.json`)) await run(['podman', 'network', 'rm', name]);
}

const isOurs = (labels: Readonly<Record<string, string>>): boolean => Object.keys(labels).some(key => key.startsWith('io.boxyard.'));
const busybox = (): string => ['/bin/busybox', '/usr/bin/busybox'].find(path => existsSync(path)) ?? 'busybox';
