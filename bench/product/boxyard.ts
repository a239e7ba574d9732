import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {startChild, timeProgram, type Child} from '../child.ts';
import {freePort, waitFor, type Lab} from '../lab.ts';
import {openClient, type Client} from './client.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = join(root, 'bin/boxyard');

type Env = Readonly<Record<string, string | undefined>>;

export interface Boxyard {
  readonly env: Env;
  readonly url: string;
  /** As a person passes it on. */
  readonly token: string;
  readonly client: Client;
  readonly process: Child;
  /** Milliseconds of one command as a person would type it, process start to exit. */
  type(...argv: string[]): Promise<number>;
}

export interface UpOptions {
  /** Absent: the embedded Redis. */
  readonly redisUrl?: string;
  readonly name?: string;
}

/** A home of its own: nothing of the person who runs the bench is read or written. */
export function privateEnv(lab: Lab, name = 'home'): Env {
  const home = join(lab.dir, name);
  const at = (folder: string) => join(home, folder);
  mkdirSync(at('run'), {recursive: true, mode: 0o700});
  const {BOXYARD_CONFIG_DIR: _c, BOXYARD_DATA_DIR: _d, BOXYARD_STATE_DIR: _s, REDIS_URL: _r, ...inherited} = lab.env;
  return {
    ...inherited,
    HOME: home,
    XDG_CONFIG_HOME: at('config'),
    XDG_DATA_HOME: at('data'),
    XDG_STATE_HOME: at('state'),
    XDG_CACHE_HOME: at('cache'),
    XDG_RUNTIME_DIR: at('run'),
    NO_COLOR: '1',
  };
}

/** `boxyard up --no-dashboard` in the foreground: server, Redis and one worker, as a newcomer has them. */
export async function startUp(lab: Lab, options: UpOptions = {}): Promise<Boxyard> {
  const env = {...privateEnv(lab, options.name), ...(options.redisUrl ? {REDIS_URL: options.redisUrl} : {})};
  const port = await freePort();
  const child = await startChild(lab, {argv: [bin, 'up', '--no-dashboard', '--listen', `127.0.0.1:${port}`], env}, /\bready\b/i, 60_000);
  return attachTo(lab, env, `http://127.0.0.1:${port}`, child);
}

export async function attachTo(lab: Lab, env: Env, url: string, child: Child): Promise<Boxyard> {
  const tokenFile = join(env['XDG_CONFIG_HOME']!, 'boxyard/local-token');
  const line = await waitFor(tokenFile, () => (existsSync(tokenFile) ? readFileSync(tokenFile, 'utf8').trim() : undefined), 10_000);
  // A line is `bxt_<address>_<fingerprint>_<secret>`; the secret is what the header carries.
  const client = openClient(lab, url, line.split('_').at(-1)!);
  await waitFor('a worker that is ready', async () => {
    const {items} = await client.ask<{items: {status: string}[]}>('GET', '/v1/workers');
    return items.some(worker => worker.status === 'ready') || undefined;
  });
  return {env, url, token: line, client, process: child, type: (...argv) => timeProgram({argv: [bin, ...argv], env, cwd: lab.dir})};
}

/** Waits until a worker says that it can use the engine; the first look at one may take a while. Resolves to why not, if it cannot. */
export async function unusableEngine(client: Client, name: string): Promise<string | undefined> {
  type Engines = {items: {engines: {name: string; usable: boolean; why?: string}[]}[]};
  let why = 'no worker has it';
  const usable = async () => {
    const {items} = await client.ask<Engines>('GET', '/v1/workers');
    const engine = items.flatMap(({engines}) => engines).find(each => each.name === name);
    why = engine?.why ?? why;
    return engine?.usable || undefined;
  };
  return waitFor(`${name} to be usable`, usable, 60_000).then(
    () => undefined,
    () => why,
  );
}
