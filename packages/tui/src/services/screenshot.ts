import type {Client} from '@boxyard/core/client';
import type {Pixels} from '../output/png.ts';
import {lookAt} from './displays.ts';

/** A picture of a window that is half drawn helps nobody; one that never rests is taken as it is. */
const STILL_MS = 300;
const MOST_MS = 3_000;

/** What a display shows when it has come to rest. */
export async function shoot(client: Client, job: string, signal: AbortSignal): Promise<Pixels> {
  const rested = Promise.withResolvers<void>();
  let still: NodeJS.Timeout | undefined;
  let most: NodeJS.Timeout | undefined;
  const rest = (changed: readonly unknown[]) => {
    most ??= setTimeout(rested.resolve, MOST_MS);
    if (changed.length > 0 || still === undefined) {
      clearTimeout(still);
      still = setTimeout(rested.resolve, STILL_MS);
    }
    screen.ask();
  };
  using screen = await lookAt(client, {job, control: 'none', signal, updated: changed => rest(changed)});
  screen.ask(true);
  try {
    const over = screen.ended.then(error => {
      throw error ?? signal.reason;
    });
    await Promise.race([rested.promise, over]);
    const {width, height, pixels} = screen.framebuffer;
    return {width, height, pixels: pixels.slice()};
  } finally {
    clearTimeout(still);
    clearTimeout(most);
  }
}
