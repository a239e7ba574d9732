import type {IncomingMessage} from 'node:http';
import {BoxyardError} from '../errors/index.ts';

const MAX_DEPTH = 32;
const MAX_KEYS = 10_000;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

const utf8 = new TextDecoder('utf-8', {fatal: true});

/**
 * JSON as a client sent it: bounded in depth and keys, without the names that reach a prototype, and of text that can be passed
 * on as it is. Throws `INVALID_INPUT`.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decoded(bytes);
  if (depthOf(text) > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH}`);
  const budget = {keys: 0};
  const value = parsed(text);
  check(value, budget);
  return value;
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalid('not UTF-8');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('not JSON');
  }
}

/** Counted before parsing, so that depth costs nothing. Brackets inside strings are skipped. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  let isString = false;
  for (let at = 0; at < text.length && most <= MAX_DEPTH; at += 1) {
    const code = text.charCodeAt(at);
    if (isString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) isString = false;
    } else if (code === 0x22) isString = true;
    else if (code === 0x7b || code === 0x5b) most = Math.max(most, (depth += 1));
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return most;
}

function check(value: unknown, budget: {keys: number}): void {
  if (typeof value === 'string' && !value.isWellFormed()) throw invalid('half a character (a lone surrogate)');
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? [] : Object.keys(value);
  budget.keys += Array.isArray(value) ? value.length : keys.length;
  if (budget.keys > MAX_KEYS) throw invalid(`more than ${MAX_KEYS} values`);
  if (!keys.every(key => key.isWellFormed())) throw invalid('half a character (a lone surrogate)');
  const reserved = keys.find(key => forbidden.has(key));
  if (reserved !== undefined) throw new BoxyardError('INVALID_INPUT', {field: reserved, issue: 'is not a name that may be used'});
  for (const inner of Object.values(value)) check(inner, budget);
}

const invalid = (issue: string) => new BoxyardError('INVALID_INPUT', {field: 'body', issue});

/**
 * Ends the connection where a body is not whole within `withinMs`, or, while `isUpload` says so, brought nothing new in such a
 * span: a request costs nothing to begin, and nobody may hold it open for ever. Call before the body is read.
 */
export function watchBody(raw: IncomingMessage, withinMs: number, isUpload: () => boolean): void {
  const {'content-length': length = '0', 'transfer-encoding': encoding} = raw.headers;
  if (length === '0' && encoding === undefined) return;
  let had = raw.socket.bytesRead;
  const timer = setInterval(() => {
    const isMoving = isUpload() && raw.socket.bytesRead > had;
    had = raw.socket.bytesRead;
    if (isMoving && !raw.complete) return;
    clearInterval(timer);
    if (!raw.complete) raw.socket.destroy();
  }, withinMs);
  timer.unref();
  raw.once('end', () => clearInterval(timer));
}

/** Query parameters, each at most once. */
export function parseQuery(url: string): Readonly<Record<string, string>> {
  const at = url.indexOf('?');
  if (at < 0) return {};
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    if (found.has(name) || forbidden.has(name))
      throw new BoxyardError('INVALID_INPUT', {field: name.slice(0, 40), issue: 'may be given once'});
    found.set(name, value);
  }
  return Object.fromEntries(found);
}
