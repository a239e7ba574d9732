/** The least an agent can be: a Node process with the two libraries it cannot do without, doing nothing. */
import Docker from 'dockerode';
import {WebSocket} from 'ws';

const held = [new Docker({socketPath: '/var/run/docker.sock'}), WebSocket];
setInterval(() => held.length, 60_000);
process.stdout.write('idle\n');
