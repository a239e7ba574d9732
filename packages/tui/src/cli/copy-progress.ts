import {formatBytes} from '../output/amounts.ts';
import {safeLine} from '../output/safe-text.ts';
import type {CopyHandlers} from '../services/copy.ts';
import type {Context} from './context.ts';

const EVERY_MS = 200;

/** A line on the person's terminal that tells how far a copy is; nothing where stderr is none. */
export function copyProgress(context: Context): CopyHandlers & {end(): void} {
  const {stderr, now} = context.program;
  const isShown = stderr.isTTY === true && !context.flags.quiet;
  const began = now();
  let bytes = 0;
  let files = 0;
  let path = '';
  const show = () => {
    const seconds = Math.max(1, now() - began) / 1_000;
    const line = `${formatBytes(bytes)} · ${files} files · ${formatBytes(Math.round(bytes / seconds))}/s  ${safeLine(path)}`;
    stderr.write(`\r\u001B[K${line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}`);
  };
  const timer = isShown ? setInterval(show, EVERY_MS) : undefined;
  return {
    bytes: count => void (bytes += count),
    entry: each => {
      files += 1;
      path = each;
    },
    skipped: each => context.say(`${each} is neither file, directory nor link, and stays here.`),
    end: () => {
      clearInterval(timer);
      if (isShown) stderr.write('\r\u001B[K');
    },
  };
}
