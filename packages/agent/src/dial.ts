import {createHash, X509Certificate} from 'node:crypto';
import {request as httpRequest} from 'node:http';
import {request as httpsRequest} from 'node:https';
import {connect as netConnect, isIP, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {connect as tlsConnect, type TLSSocket} from 'node:tls';
import {BoxyardError} from '@boxyard/core/errors';

const AGAIN_MS = 20;

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Hex SHA-256 of the server's public key (SPKI). Checked before a byte of ours is sent; replaces the check by authorities. */
  readonly fingerprint?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  /** How long it is tried again where nobody listens yet. */
  readonly patienceMs?: number;
}

/** A connection to the server: through the proxy of the environment where it names one, then TLS, then the pin. */
export async function dial(options: DialOptions): Promise<Duplex> {
  const proxy = proxyFor(options);
  const plain = proxy ? await throughProxy(proxy, options) : await patiently(options);
  return options.tls ? secure(plain, options) : plain;
}

/** `HTTPS_PROXY` for TLS, `HTTP_PROXY` for plain text, unless `NO_PROXY` names the host or a domain above it. */
export function proxyFor({host, port, tls, env}: Pick<DialOptions, 'host' | 'port' | 'tls' | 'env'>): URL | undefined {
  const variable = tls ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const named = env[variable] ?? env[variable.toLowerCase()];
  if (!named || isExempt(host, port, env['NO_PROXY'] ?? env['no_proxy'] ?? '')) return undefined;
  const url = named.includes('://') ? named : `http://${named}`;
  if (URL.canParse(url) && /^https?:/.test(url)) return new URL(url);
  throw new BoxyardError('INVALID_INPUT', {field: variable, issue: 'expected http://HOST:PORT or https://HOST:PORT'});
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

function isExempt(host: string, port: number, list: string): boolean {
  if (isLoopback(host)) return true;
  return list
    .split(/[\s,]+/)
    .filter(Boolean)
    .some(rule => {
      if (rule === '*') return true;
      const [name = '', only] = rule.split(/:(?=\d+$)/);
      if (only !== undefined && Number(only) !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return host === domain || host.endsWith(`.${domain}`);
    });
}

async function patiently(options: DialOptions): Promise<Socket> {
  const end = performance.now() + (options.patienceMs ?? 0);
  for (;;) {
    try {
      return await directly(options);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || performance.now() > end) throw error;
    }
    await delay(AGAIN_MS);
  }
}

function directly({host, port, timeoutMs}: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = netConnect({host, port, noDelay: true, keepAlive: true});
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${host}:${port} did not answer within ${timeoutMs} ms`)));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function throughProxy(proxy: URL, {host, port, timeoutMs}: DialOptions): Promise<Duplex> {
  const user = proxy.username && `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const [request, standard] = proxy.protocol === 'https:' ? [httpsRequest, 443] : [httpRequest, 80];
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || standard,
      method: 'CONNECT',
      path: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      timeout: timeoutMs,
      headers: user ? {'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}`} : {},
    });
    asked.once('timeout', () => asked.destroy(new Error(`proxy ${proxy.host} did not answer`)));
    asked.once('error', reject);
    asked.once('connect', (response, socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`proxy ${proxy.host} answered ${response.statusCode} ${response.statusMessage ?? ''}`.trimEnd()));
    });
    // A proxy that does not know CONNECT answers as a server does.
    asked.once('response', response => asked.destroy(new Error(`proxy ${proxy.host} answered ${response.statusCode}`)));
    asked.end();
  });
}

function secure(plain: Duplex, {host, fingerprint, port, timeoutMs}: DialOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      socket: plain,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) ? {} : {servername: host}),
      rejectUnauthorized: fingerprint === undefined,
    });
    const late = setTimeout(() => socket.destroy(new Error(`no TLS with ${host}:${port} within ${timeoutMs} ms`)), timeoutMs);
    socket.once('close', () => clearTimeout(late));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      clearTimeout(late);
      const found = keyFingerprint(socket);
      if (fingerprint !== undefined && found !== fingerprint) {
        socket.destroy();
        reject(new BoxyardError('WRONG_SERVER', {address: `${host}:${port}`, expected: fingerprint, found}));
        return;
      }
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function keyFingerprint(socket: TLSSocket): string | undefined {
  const raw = socket.getPeerCertificate(false).raw as Buffer | undefined;
  if (!raw) return undefined;
  const key = new X509Certificate(raw).publicKey.export({type: 'spki', format: 'der'});
  return createHash('sha256').update(key).digest('hex');
}
