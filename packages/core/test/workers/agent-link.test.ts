import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {expect, test} from 'vitest';
import {WebSocket, WebSocketServer} from 'ws';
import {AgentLink} from '../../src/workers/agent-link.ts';
import {waitFor} from '../redis-for-tests.ts';

test('an agent that floods is read slowly, loses nothing and keeps its connection', async () => {
  const http = createServer();
  const server = new WebSocketServer({server: http});
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const seen: number[] = [];
  let closed: string | undefined;
  server.on('connection', (socket, request) => {
    const timing = {heartbeat: 10_000, offlineAfter: 30_000};
    const link = new AgentLink(socket, request.socket, {
      identity: {worker: 'w', tenant: 't', name: 'n'},
      timing,
      rate: {burst: 10, perSecond: 1_000},
    });
    link.start({
      onMessage: async message => void (message.type === 'outbox.done' && seen.push(Number(message.upTo))),
      onData: async () => undefined,
      onClose: why => (closed = why),
      onFault: () => undefined,
    });
  });
  const agent = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  await new Promise(resolve => agent.once('open', resolve));
  const began = performance.now();
  const filling = 'x'.repeat(4_000);
  for (let at = 0; at < 1_000; at += 1) agent.send(JSON.stringify({type: 'outbox.done', upTo: String(at), filling}));
  await waitFor(() => seen.length === 1_000, {within: 20_000});
  expect(performance.now() - began).toBeGreaterThan(500);
  expect(seen).toEqual(Array.from({length: 1_000}, (_, at) => at));
  expect(closed).toBeUndefined();
  agent.terminate();
  server.close();
  await new Promise(resolve => http.close(resolve));
});
