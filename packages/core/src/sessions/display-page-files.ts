import {readFile} from 'node:fs/promises';
import {extname, join} from 'node:path';
import {BoxyardError} from '../errors/index.ts';

/**
 * What the page may do: run its one script, speak to this server, and show pictures that are in its own bytes (pointers and
 * pixels that come over the stream). Nothing of it may be framed, remembered, or told to the next page.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export const pageHeaders = (file: string): Readonly<Record<string, string>> => ({
  'content-type': types[extname(file)]!,
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
});

/** A file of the page, as it was built. */
export async function readPageFile(folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    throw new BoxyardError('NOT_FOUND', {what: 'page', name: file, hint: 'npm run build makes it.'}, {cause: error});
  }
}
