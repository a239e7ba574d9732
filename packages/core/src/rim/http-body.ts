import {BoxyardError} from '../errors/index.ts';

const MAX_DEPTH = 32;
const MAX_KEYS = 10_000;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/** JSON as a client sent it: bounded in depth and keys, without the names that reach a prototype. Throws `INVALID_INPUT`. */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH}`);
  const budget = {keys: 0};
  const value = parsed(text);
  check(value, budget);
  return value;
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
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? [] : Object.keys(value);
  budget.keys += Array.isArray(value) ? value.length : keys.length;
  if (budget.keys > MAX_KEYS) throw invalid(`more than ${MAX_KEYS} values`);
  const reserved = keys.find(key => forbidden.has(key));
  if (reserved !== undefined) throw new BoxyardError('INVALID_INPUT', {field: reserved, issue: 'is not a name that may be used'});
  for (const inner of Object.values(value)) check(inner, budget);
}

const invalid = (issue: string) => new BoxyardError('INVALID_INPUT', {field: 'body', issue});

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
