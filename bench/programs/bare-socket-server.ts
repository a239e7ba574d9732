/** The least a server of agents can be: accepts sockets, reads what comes, says nothing. */
import {WebSocketServer} from 'ws';

const server = new WebSocketServer({port: 0, host: '127.0.0.1'});
server.on('connection', socket => socket.on('message', () => {}));
server.on('listening', () => {
  const address = server.address();
  process.stdout.write(`listening ${typeof address === 'object' ? address?.port : ''}\n`);
});
