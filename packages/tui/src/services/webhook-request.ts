import {parsePairs} from '../output/amounts.ts';

/** A name made of the host of an address, or of the reporter; undefined where neither says one. */
export function webhookName(url: string | undefined, reporter: string | undefined): string | undefined {
  if (url === undefined) return reporter;
  if (!URL.canParse(url)) return 'webhook';
  const name = new URL(url).host
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return name.slice(0, 63) || 'webhook';
}

/** Values that read as JSON are taken so: numbers, true, lists; everything else is text. */
export const webhookConfig = (pairs: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(Object.entries(parsePairs(pairs, '--config')).map(([key, value]) => [key, valueOf(value)]));

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
