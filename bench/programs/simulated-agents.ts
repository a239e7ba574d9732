/** Many idle agents in one process. Arguments: a JSON file `{url, agents: [{name, credential}], bare?}`. Says `connected N` when all are. */
import {readFileSync} from 'node:fs';
import {WebSocket} from 'ws';
import {connectAgent} from '../product/simulated-agent.ts';

interface Plan {
  readonly url: string;
  readonly agents: readonly {readonly name: string; readonly credential: string}[];
  /** The server is one that says nothing: connect and beat every 10 s, no more. */
  readonly bare?: boolean;
}

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan;
const beat = JSON.stringify({
  type: 'worker.heartbeat',
  cpuUsage: 3,
  memoryFree: 6e9,
  diskTotal: 1e12,
  diskFree: 5e11,
  containersRunning: 0,
});

let next = 0;
let connected = 0;
const lane = async () => {
  while (next < plan.agents.length) {
    const agent = plan.agents[next++]!;
    await (plan.bare ? connectBare(plan.url) : connectAgent({url: plan.url, ...agent}));
    connected++;
  }
};
await Promise.all(Array.from({length: 32}, lane));
process.stdout.write(`connected ${connected}\n`);

function connectBare(url: string): Promise<void> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), {perMessageDeflate: false});
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => {
      const timer = setTimeout(
        () => {
          socket.send(beat);
          timer.refresh();
        },
        10_000 * (0.95 + 0.1 * Math.random()),
      );
      resolve();
    });
  });
}
