import {BoxyardError} from '@boxyard/core/errors';

const name = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * `NAME=value` lines. `export ` in front is allowed, lines that begin with `#` and empty ones are skipped. In double quotes
 * `\n`, `\t`, `\"` and `\\` are escapes; single quotes keep everything; without quotes the rest of the line is the value,
 * trimmed. A bare NAME takes its value from `env`, and is left out where it has none.
 */
export function parseEnvFile(text: string, file: string, env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim().replace(/^export\s+/, '');
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const at = trimmed.indexOf('=');
    const key = at < 0 ? trimmed : trimmed.slice(0, at).trimEnd();
    if (!name.test(key)) throw new BoxyardError('CONFIG_INVALID', {file: `${file}:${i + 1}`, issue: 'expected NAME=value', hint: ''});
    const value = at < 0 ? env[key] : unquote(trimmed.slice(at + 1).trimStart(), `${file}:${i + 1}`);
    if (value !== undefined) values[key] = value;
  }
  return values;
}

const escapes: Readonly<Record<string, string>> = {n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\', $: '$'};

function unquote(value: string, where: string): string {
  const quote = value[0];
  if (quote !== '"' && quote !== "'") return value;
  if (value.length < 2 || !value.endsWith(quote))
    throw new BoxyardError('CONFIG_INVALID', {file: where, issue: 'the quote is not closed', hint: ''});
  const inner = value.slice(1, -1);
  return quote === "'" ? inner : inner.replace(/\\(.)/g, (all, character: string) => escapes[character] ?? all);
}
