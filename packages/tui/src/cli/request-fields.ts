import {BoxyardError} from '@boxyard/core/errors';

/** Fields of requests and the options a person typed for them, where the names differ by more than the dashes in front. */
const options: Readonly<Record<string, string>> = {
  memoryBytes: '--memory',
  'limits.memoryBytes': '--memory',
  'limits.cpus': '--cpus',
  timeoutMs: '--timeout',
  queueTimeoutMs: '--queue-timeout',
  graceMs: '--grace',
  expiresInMs: '--expires',
  ifLost: '--if-lost',
  workerLabels: '--label',
  secretEnv: '--env-file',
  'fanOut.failurePolicy': '--failure-policy',
  'fanOut.matrix': '--matrix',
  fanOut: '--copies',
  'source.url': '--repo',
  'source.branch': '--branch',
  'source.depth': '--depth',
};
const sameName = [
  'image',
  'engine',
  'worker',
  'platform',
  'profile',
  'network',
  'env',
  'user',
  'cwd',
  'retries',
  'priority',
  'out',
  'copies',
  'name',
  'task',
  'setup',
  'tag',
  'file',
  'target',
];

/** What the server says of a field of the request, said of the option. */
export function inOptions(error: BoxyardError, flagNames: readonly string[]): BoxyardError {
  const {field} = error.details;
  if (error.code !== 'INVALID_INPUT' || typeof field !== 'string' || !error.message.startsWith(`${field}:`)) return error;
  const option = options[field] ?? (sameName.includes(field.split('.')[0]!) ? `--${field.split('.')[0]}` : undefined);
  if (option === undefined || !flagNames.includes(option.slice(2))) return error;
  const {code, details, hint} = error;
  return new BoxyardError(code, details, {message: error.message.replace(field, option), hint, cause: error.cause});
}
