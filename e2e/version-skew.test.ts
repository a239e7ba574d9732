import {expect, test} from 'vitest';
import {PROTOCOL_VERSION} from '@boxyard/core/protocol';
import {AgentBench} from '../faults/lab/agent-bench.ts';
import {Lab} from '../faults/lab/lab.ts';
import {joinAs, ScriptedAgent} from '../faults/lab/scripted-agent.ts';
import {waitUntil} from '../faults/lab/wait-for.ts';
import type {JobView} from '@boxyard/core/api';

test('a server works with an agent of the version before, and one of no version in common is told so', async () => {
  await using lab = await Lab.open({workers: []});
  const older = PROTOCOL_VERSION - 1;
  await using agent = new ScriptedAgent({identity: await joinAs(lab.api, 'older'), range: {oldest: older, newest: older}});
  const hello = await agent.connect();
  expect(hello.protocol).toBe(older);
  agent.register(hello);
  agent.sendRaw(JSON.stringify({type: 'worker.of-the-future', anything: 1}));
  const {id} = await lab.api.must<JobView>('POST', '/v1/jobs', {body: {engine: 'process', command: ['true']}});
  const {attempt} = await agent.wait('job.start', message => message.job === id);
  agent.send({type: 'job.update', job: id, attempt, state: 'accepted', phases: []});
  agent.send({
    type: 'job.result',
    job: id,
    attempt,
    exit: {code: 3},
    logEnd: {stdout: 0, stderr: 0, log: 0},
    gaps: [],
    phases: [],
    asOf: 1,
  });
  await agent.wait('job.stored', message => message.job === id);
  const job = await waitUntil(
    () => lab.api.job(id),
    view => view.state === 'ended',
    {within: 10_000, what: 'the job ends'},
  );
  expect(job.exit).toEqual({code: 3});

  const far = PROTOCOL_VERSION + 7;
  await using stranger = new ScriptedAgent({identity: await joinAs(lab.api, 'far'), range: {oldest: far, newest: far}});
  await expect(stranger.connect()).rejects.toThrow(/4426|426|PROTOCOL/);
  await using next = new ScriptedAgent({identity: await joinAs(lab.api, 'next'), range: {oldest: PROTOCOL_VERSION, newest: far}});
  expect((await next.connect()).protocol).toBe(PROTOCOL_VERSION);
});

test('an agent works under a server of the version before', async () => {
  await using bench = await AgentBench.open();
  const {server} = bench;
  server.protocol = PROTOCOL_VERSION - 1;
  for (const socket of server.open) socket.terminate();
  await server.wait('worker.register', message => message !== server.all('worker.register')[0]);
  for (const socket of server.open) socket.send(JSON.stringify({type: 'server.of-the-future'}));
  server.send(bench.dispatch({key: 'skew', lines: 5, exit: 3}));
  expect((await server.wait('job.result')).exit).toEqual({code: 3});
});
