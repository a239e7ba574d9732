import {BoxyardError} from '../errors/index.ts';

/** The library's own, so that who needs no file need not load it. */
type Parse = (text: string, options: {readonly maxAliasCount: number}) => unknown;

const MAX_BYTES = 256 * 1024;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * What a settings file holds: plain data of one document, without references within it, and without the names that reach a
 * prototype. `CONFIG_INVALID` names the file, whatever is wrong with it.
 */
export function yamlData(parse: Parse, text: string, file: string): unknown {
  if (Buffer.byteLength(text) > MAX_BYTES) throw invalid(file, `larger than ${MAX_BYTES} bytes`);
  const data = parsed(parse, text, file);
  refuseNames(data, file);
  return data;
}

function parsed(parse: Parse, text: string, file: string): unknown {
  try {
    return parse(text, {maxAliasCount: 0});
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.split('\n')[0]!.replace(/[.:]$/, '') : String(cause);
    throw invalid(file, `is not YAML as it is read here: ${said}`, cause);
  }
}

function refuseNames(data: unknown, file: string): void {
  if (typeof data !== 'object' || data === null) return;
  for (const [key, value] of Object.entries(data)) {
    if (forbidden.has(key)) throw invalid(file, `unknown key ${key}`);
    refuseNames(value, file);
  }
}

const invalid = (file: string, issue: string, cause?: unknown) =>
  new BoxyardError('CONFIG_INVALID', {file, issue, hint: 'Correct the file.'}, {cause});
