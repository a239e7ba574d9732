import {connect as connectPlain, type Socket} from 'node:net';
import {connect as connectTls} from 'node:tls';
import {dialled} from './dialled.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The proxy the environment names for this address; loopback is always reached directly. */
export function proxyFor(url: URL, env: Env): URL | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || host === '::1' || host.startsWith('127.')) return undefined;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = env[name.toLowerCase()] || env[name] || env['all_proxy'] || env['ALL_PROXY'];
  if (!proxy || isExempt(host, url.port, env['no_proxy'] || env['NO_PROXY'] || '')) return undefined;
  return new URL(proxy.includes('://') ? proxy : `http://${proxy}`);
}

function isExempt(host: string, port: string, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter(entry => entry !== '')
    .some(entry => {
      const [, name = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (only !== undefined && only !== port) return false;
      const suffix = name.replace(/^\*?\.?/, '');
      return name === '*' || host === suffix || host.endsWith(`.${suffix}`);
    });
}

/** A connection to `host:port` by CONNECT. */
export async function tunnel(proxy: URL, host: string, port: number): Promise<Socket> {
  const at = {host: proxy.hostname.replace(/^\[|\]$/g, ''), port: Number(proxy.port || (proxy.protocol === 'https:' ? 443 : 80))};
  const isTls = proxy.protocol === 'https:';
  const socket = await (isTls ? dialled(connectTls({...at, servername: at.host}), 'secureConnect') : dialled(connectPlain(at), 'connect'));
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const auth = proxy.username === '' ? '' : `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${auth}\r\n`);
  const status = await head(socket);
  if (status === 200) return socket;
  socket.destroy();
  throw Object.assign(new Error(`the proxy answered ${status}`), {code: `proxy ${status}`});
}

async function head(socket: Socket): Promise<number> {
  const {promise, resolve, reject} = Promise.withResolvers<number>();
  const late = setTimeout(() => reject(new Error('the proxy does not answer')), 10_000);
  let text = '';
  // Read rather than listened to: a socket that once flowed, or was paused, would not start by itself for its next owner.
  const onReadable = () => {
    for (let chunk = read(socket); chunk !== null; chunk = read(socket)) text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return void (text.length > 16_384 && reject(new Error('the proxy sent no head')));
    socket.off('readable', onReadable);
    const rest = Buffer.from(text.slice(end + 4), 'latin1');
    if (rest.length > 0) socket.unshift(rest);
    resolve(Number(/^HTTP\/1\.\d (\d{3})/.exec(text)?.[1] ?? 0));
  };
  socket.on('readable', onReadable);
  socket.once('error', reject);
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
    socket.off('readable', onReadable);
    socket.off('error', reject);
  }
}

const read = (socket: Socket) => socket.read() as Buffer | null;
