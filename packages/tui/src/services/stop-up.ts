import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError} from '@boxyard/core/errors';
import {isAlive, type UpFile} from './up-file.ts';

const stopWithinMs = 40_000;

/** Ends `boxyard up` with its server and worker and resolves when it is gone; DevBoxes and container jobs stay. */
export async function stopUp(up: UpFile): Promise<void> {
  process.kill(up.pid, 'SIGTERM');
  const deadline = performance.now() + stopWithinMs;
  while (isAlive(up.pid, up.processStart)) {
    if (performance.now() > deadline)
      throw new BoxyardError('CONFLICT', {
        what: `Boxyard (pid ${up.pid})`,
        issue: 'does not end',
        hint: `kill -9 ${up.pid}; no DevBox and no job is lost by it`,
      });
    await delay(50);
  }
}
