import {spawn, type ChildProcess} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {createClient, type Client} from '../../src/client/index.ts';

/** A server as a process of its own, which may be killed at any moment and started again on the same files. */
export interface ServerProcess extends AsyncDisposable {
  start(): Promise<void>;
  /** kill -9. Returns at once. */
  kill(): void;
  readonly isRunning: boolean;
  client(): Client;
}

export function serverProcess(
  dir: string,
  options: {readonly redisUrl: string; readonly name: string; readonly scale: number},
): ServerProcess {
  const main = join(import.meta.dirname, '../../src/server-main.ts');
  const token = join(dir, `${options.name}.token`);
  const clients: Client[] = [];
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  const kill = () => void child?.kill('SIGKILL');
  return {
    async start() {
      await ended;
      const at = ['--data-dir', join(dir, options.name), '--blob-dir', join(dir, 'blobs'), '--local-token', token];
      const more = ['--listen', '127.0.0.1:0', '--webhook-allow', '127.0.0.1', '--log-level', 'fatal'];
      const env = {...process.env, BOXYARD_REDIS_URL: options.redisUrl, BOXYARD_TIME_SCALE: String(options.scale)};
      const own = spawn(process.execPath, [main, ...at, ...more], {env, stdio: ['ignore', 'pipe', 'inherit']});
      child = own;
      ended = new Promise(resolve => own.once('exit', resolve));
      await new Promise<void>((resolve, reject) => {
        own.stdout.once('data', () => resolve());
        own.once('exit', code => reject(new Error(`the server ended with ${code}`)));
      });
    },
    kill,
    get isRunning() {
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    client: () => {
      const client = createClient({token: readFileSync(token, 'utf8').trim()});
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
      kill();
      await ended;
    },
  };
}
