/**
 * A server for the dashboard to look at: lists of any size and as many events a second as it is told, and nothing behind them.
 * Argument: JSON `{workers, devboxes, jobs}`. Says `listening PORT`. `POST /bench/rate?events=N`, `POST /bench/gauge?worker=N&cpu=N`.
 */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {WebSocketServer} from 'ws';
import {createPool} from '../product/simulated-pool.ts';

const size = JSON.parse(process.argv[2] ?? '{}') as {workers: number; devboxes: number; jobs: number};
const pool = createPool(size);
const followers = new Set<ServerResponse>();
let rate = 0;
let told = 0;
let owed = 0;

const tickMs = 20;
/** A follower this far behind gets what comes next when it has read: as the real server's it would come back and resume. */
const mostBuffered = 4 * 1024 * 1024;
setInterval(() => {
  owed = Math.min(owed + (rate * tickMs) / 1_000, rate);
  if (followers.size === 0 || owed < 1) return;
  if ([...followers].some(follower => follower.writableLength > mostBuffered)) return;
  let text = '';
  for (; owed >= 1; owed -= 1) text += block(pool.next());
  for (const follower of followers) follower.write(text);
}, tickMs);

function block(item: ReturnType<typeof pool.next>): string {
  told += 1;
  if ('values' in item) return `event: gauge\ndata: ${JSON.stringify(item)}\n\n`;
  return `id: ${item.seq}\nevent: event\ndata: ${JSON.stringify(item)}\n\n`;
}

const sockets = new WebSocketServer({noServer: true});
const server = createServer(answer);
server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => undefined));
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`));

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const json = (text: string, status = 200) => void response.writeHead(status, {'content-type': 'application/json'}).end(text);
  if (url.pathname === '/v1/events') return follow(request, response);
  if (url.pathname.startsWith('/bench/')) return json(JSON.stringify(control(url)));
  const text = pool.answer(url.pathname, url.searchParams);
  json(text ?? '{"error":{"code":"NOT_FOUND","message":"There is no such thing."}}', text === undefined ? 404 : 200);
}

function follow(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, {'content-type': 'text/event-stream; charset=utf-8'}).write(': welcome\n\n');
  followers.add(response);
  request.once('close', () => followers.delete(response));
}

function control({pathname, searchParams: given}: URL): object {
  if (pathname === '/bench/rate') [rate, owed] = [Number(given.get('events')), 0];
  if (pathname === '/bench/gauge')
    for (const follower of followers) follower.write(block(pool.gauge(Number(given.get('worker')), Number(given.get('cpu')))));
  return {told, followers: followers.size};
}
