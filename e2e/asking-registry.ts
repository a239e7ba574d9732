import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

/** It has nothing, asks everybody who they are, and remembers what they said. */
export async function askingRegistry() {
  const logins: string[] = [];
  const server = createServer((request, response) => {
    const told = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (told !== undefined) logins.push(Buffer.from(told, 'base64').toString());
    response.writeHead(told === undefined ? 401 : 404, {'content-type': 'application/json', 'www-authenticate': 'Basic realm="here"'});
    response.end(JSON.stringify({errors: [{code: told === undefined ? 'UNAUTHORIZED' : 'MANIFEST_UNKNOWN', message: `no, ${told}`}]}));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {address: `127.0.0.1:${(server.address() as AddressInfo).port}`, logins, close: () => void server.close()};
}
