import {setTimeout as delay} from 'node:timers/promises';
import type {Process} from '@boxyard/core/plugin-api';

/**
 * Asks the whole tree to end, waits for the program itself or until the grace is over, and kills what is left: a child that
 * cares for nobody's wish goes with its program, as it would with the first process of a container.
 */
export async function killTree(process: Process, ask: 'SIGTERM' | 'SIGHUP', graceMs: number): Promise<void> {
  if (graceMs > 0) {
    await process.kill(ask);
    const asked = new AbortController();
    const late = delay(graceMs, undefined, {ref: false, signal: asked.signal}).catch(() => undefined);
    await Promise.race([process.wait().catch(() => undefined), late]);
    asked.abort();
  }
  await process.kill('SIGKILL');
}
