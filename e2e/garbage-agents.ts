import type {Lab} from '../faults/lab/lab.ts';
import {joinAs, ScriptedAgent} from '../faults/lab/scripted-agent.ts';
import {waitFor} from '../faults/lab/wait-for.ts';

const garbage: readonly (string | Buffer)[] = [
  'not json',
  '{}',
  '{"type":7}',
  JSON.stringify({type: 'worker.heartbeat', cpuUsage: 'much'}),
  JSON.stringify({type: 'job.result'}),
  `{"type":"worker.register","name":"${'x'.repeat(300_000)}"}`,
  Buffer.from([1, 2, 3]),
];

/** Each piece of garbage costs its sender the connection at most; the server goes on. */
export async function sendGarbage(lab: Lab): Promise<void> {
  const identity = await joinAs(lab.api, 'garbage');
  for (const piece of garbage) {
    await using agent = new ScriptedAgent({identity, process: 'garbage'});
    const hello = await waitFor(() => agent.connect().catch(() => undefined), {within: 15_000, every: 300, what: 'the agent connects'});
    agent.register(hello);
    agent.sendRaw(piece);
    const {status} = await lab.api.call('GET', '/v1/health');
    if (status !== 200) throw new Error(`after ${piece.toString().slice(0, 60)} the server answers ${status}`);
  }
}
