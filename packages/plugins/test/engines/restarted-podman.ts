import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {rmSync} from 'node:fs';
import {request} from 'node:http';
import {dirname} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';

const READY_MS = 20_000;

/** A podman service of the test's own on the machine's boxes and images, which can die as hard as by kill -9 and come back. */
export function serveAgain(socket: string): {start(): Promise<void>; kill(): Promise<void>} {
  let child: ChildProcess | undefined;
  return {
    start: async () => {
      rmSync(socket, {force: true});
      child = spawn('podman', ['system', 'service', '--time=0', `unix://${socket}`], {stdio: 'ignore', cwd: dirname(socket)});
      await once(child, 'spawn');
      for (const until = Date.now() + READY_MS; !(await answers(socket));) {
        if (Date.now() > until) throw new Error(`podman's service did not answer within ${READY_MS} ms`);
        await delay(50);
      }
    },
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const answers = (socketPath: string): Promise<boolean> =>
  new Promise(resolve => {
    const asked = request({socketPath, path: '/_ping', timeout: 2_000}, response => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on('error', () => resolve(false)).on('timeout', () => asked.destroy());
    asked.end();
  });
