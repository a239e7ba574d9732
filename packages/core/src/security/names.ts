import {BoxyardError} from '../errors/index.ts';

const envName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const protectedEnv = /^BOXYARD_/i;
const protectedLabel = /^io\.boxyard(\.|$)/i;
const control = /[\u0000-\u001f\u007f-\u009f]/;
const MAX_ENV_BYTES = 128 * 1024;
const MOST_LABELS = 100;

type Values = Readonly<Record<string, string>>;

/** Refuses names Boxyard sets itself (`PROTECTED_NAME`), names no shell could read, NUL, and more than 128 KiB in all. */
export function checkEnv(env: Values, field = 'env'): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(env)) {
    if (protectedEnv.test(name)) throw new BoxyardError('PROTECTED_NAME', {name});
    if (!envName.test(name)) throw invalid(`${field}.${shown(name)}`, 'a variable is letters, digits and underscore, not a digit first');
    if (value.includes('\0')) throw invalid(`${field}.${name}`, 'holds a NUL character');
    bytes += name.length + Buffer.byteLength(value) + 2;
  }
  if (bytes > MAX_ENV_BYTES) throw invalid(field, `larger than ${MAX_ENV_BYTES} bytes`);
}

/** Refuses labels of our own prefix, control characters, and more than 100. */
export function checkLabels(labels: Values, field = 'labels'): void {
  if (Object.keys(labels).length > MOST_LABELS) throw invalid(field, `more than ${MOST_LABELS} of them`);
  for (const [name, value] of Object.entries(labels)) {
    if (protectedLabel.test(name)) throw new BoxyardError('PROTECTED_NAME', {name});
    if (name === '' || control.test(name)) throw invalid(`${field}.${shown(name)}`, 'a label needs a name without control characters');
    if (control.test(value)) throw invalid(`${field}.${name}`, 'holds a control character');
  }
}

/** `as` of a secret: an environment variable, or a plain file name. */
export function checkSecretTarget(as: string, kind: 'env' | 'file'): void {
  if (kind === 'env') return checkEnv({[as]: ''}, 'secrets');
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(as)) throw invalid('secrets', 'a secret file is a plain file name');
}

/** No NUL in what is executed; `cwd` absolute and not under /proc (a descriptor there may lead out of the box). */
export function checkCommand(argv: readonly string[], cwd?: string): void {
  if (argv.some(word => word.includes('\0'))) throw invalid('command', 'holds a NUL character');
  if (argv[0] === '') throw invalid('command', 'the program has no name');
  if (cwd !== undefined) checkDirectory(cwd);
}

export function checkDirectory(cwd: string): void {
  if (!cwd.startsWith('/') || control.test(cwd)) throw invalid('cwd', 'an absolute path is needed');
  const parts = cwd.split('/').filter(part => part !== '' && part !== '.');
  if (parts.includes('..')) throw invalid('cwd', 'may not contain ..');
  if (parts[0] === 'proc') throw invalid('cwd', 'may not lie under /proc');
}

/** A name or number, and perhaps a group's. */
export function checkUser(user: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/.test(user))
    throw invalid('user', 'a user, or user:group, by name or number');
}

const shown = (name: string) => JSON.stringify(name.slice(0, 40)).slice(1, -1);
const invalid = (field: string, issue: string) => new BoxyardError('INVALID_INPUT', {field, issue});
