import {isIP} from 'node:net';
import type {RedisOptions} from 'ioredis';
import {BoxyardError} from '../errors/index.ts';

export interface RedisTarget {
  /**
   * `redis://[user:password@]host[:port][/db]`, `rediss://…` with TLS, `unix:///path`, and
   * `redis+sentinel://[user:password@]h1[:port],h2[:port]/name[?sentinelPassword=…]` (`rediss+sentinel` with TLS to both).
   */
  readonly url: string;
  readonly password?: string | undefined;
}

/** `INVALID_INPUT` for a URL that is none of these; what it says is never repeated, since it may hold a password. */
export function optionsOf({url, password}: RedisTarget): RedisOptions {
  const secret = password === undefined ? {} : {password};
  if (url.startsWith('unix://')) return {path: url.slice('unix://'.length), ...secret};
  const sentinel = /^redis(s?)\+sentinel:\/\/(?:([^@/]*)@)?([^/?]+)\/([^/?]+)(?:\?(.*))?$/.exec(url);
  if (sentinel !== null) {
    const [, secure, credentials = '', hosts = '', name = '', query = ''] = sentinel;
    return {...ofSentinels(hosts, name, new URLSearchParams(query)), ...(secure === '' ? {} : withTls), ...ofUser(credentials), ...secret};
  }
  return {...ofUrl(url), ...secret};
}

const withTls = {tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true} as const;

function ofSentinels(hosts: string, name: string, query: URLSearchParams): RedisOptions {
  const sentinelPassword = query.get('sentinelPassword');
  return {
    name,
    sentinels: hosts.split(',').map(host => {
      const [, address = '', port = '26379'] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(host) ?? [];
      return {host: address, port: Number(port)};
    }),
    ...(sentinelPassword === null ? {} : {sentinelPassword}),
  };
}

function ofUser(credentials: string): RedisOptions {
  const [, user = '', password = ''] = /^([^:]*):?(.*)$/.exec(credentials) ?? [];
  return {
    ...(user === '' ? {} : {username: decodeURIComponent(user)}),
    ...(password === '' ? {} : {password: decodeURIComponent(password)}),
  };
}

function ofUrl(url: string): RedisOptions {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isKnown = parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:';
  if (parsed === undefined || !isKnown || parsed.hostname === '' || !/^(\/\d*)?$/.test(parsed.pathname))
    throw new BoxyardError('INVALID_INPUT', {
      field: 'REDIS_URL',
      issue: 'expected redis://, rediss://, redis+sentinel:// or unix://',
      hint: 'Such as rediss://:PASSWORD@redis.example:6379/0.',
    });
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(parsed.port || 6379),
    ...ofUser(`${parsed.username}:${parsed.password}`),
    ...(parsed.pathname.length > 1 ? {db: Number(parsed.pathname.slice(1))} : {}),
    ...(parsed.protocol === 'rediss:' ? {tls: isIP(host) === 0 ? {servername: host} : {}} : {}),
  };
}
