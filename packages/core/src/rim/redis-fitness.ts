import {BoxyardError} from '../errors/index.ts';

export interface Fitness {
  readonly version: string;
  readonly warnings: readonly string[];
}

/** What `INFO` tells. `REDIS_UNFIT` where Redis may throw jobs away; an old version is a warning, never a refusal (R34). Pure. */
export function fitnessOf(info: string): Fitness {
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    throw new BoxyardError('REDIS_UNFIT', {issue: `its maxmemory-policy is ${policy}`, hint: 'CONFIG SET maxmemory-policy noeviction'});
  if (value('aof_enabled') === '0') throw new BoxyardError('REDIS_UNFIT', {issue: 'appendonly is off', hint: 'CONFIG SET appendonly yes'});
  const version = value('redis_version') ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < 6 || (major === 6 && minor < 2);
  return {version, warnings: isOld ? [`Redis ${version} is older than 6.2, which is the oldest that is tested`] : []};
}

/** Why a connection could not be opened: what trying again would not help is said; the rest is `REDIS_UNAVAILABLE`. */
export function openingError(error: unknown): BoxyardError {
  const {message, code} = error as {message: string; code?: string};
  if (/^(WRONGPASS|NOAUTH|NOPERM)|invalid (username-)?password|without any password|AUTH/i.test(message))
    return new BoxyardError(
      'REDIS_UNFIT',
      {issue: 'it does not take our user or password', hint: 'REDIS_URL=redis://USER:PASSWORD@…'},
      {cause: error},
    );
  if (/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_VERIFY/.test(code ?? '')) {
    const hint = 'NODE_EXTRA_CA_CERTS=/path/to/ca.pem names whom to trust; rediss:// is for a Redis that speaks TLS.';
    return new BoxyardError('REDIS_UNFIT', {issue: `no TLS with it (${code})`, hint}, {cause: error});
  }
  return new BoxyardError('REDIS_UNAVAILABLE', {}, {cause: error});
}
