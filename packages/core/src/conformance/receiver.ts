import {createServer, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import type {Answer, Received, Receiver} from './contract.ts';

const takes: Answer = (_request, response) => void response.end('ok');
const longestMs = 300_000;

/** A small web server on this machine alone, which remembers what it was sent. */
export async function openReceiver(answer: Answer = takes): Promise<Receiver & {close(): void}> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void heard(request)
      .then(one => {
        received.push(one);
        answer(one, response);
      })
      .catch(() => response.destroy());
  });
  server.timeout = longestMs;
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function heard(request: IncomingMessage): Promise<Received> {
  const {method = '', url = '', headers} = request;
  return {method, path: url, headers, body: await text(request)};
}
