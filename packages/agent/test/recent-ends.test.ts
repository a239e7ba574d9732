import {expect, test} from 'vitest';
import {Scene, runSteps, waitFor} from './scene.ts';

test('an end that was stored is told again to a server that forgot it, for a while', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const start = scene.server.start({steps: runSteps(['sh', '-c', 'exit 3'])});
  await scene.result(start.job);
  const journal = () => scene.server.of('worker.journal').at(-1)!.jobs;
  await waitFor(() => {
    scene.server.send({type: 'journal.ask'});
    return journal().some(entry => entry.job === start.job && entry.state === 'ended');
  });
  const before = scene.server.of('job.result', start.job).length;
  scene.server.send({type: 'job.ask', job: start.job, attempt: start.attempt});
  const again = await waitFor(() => scene.server.of('job.result', start.job)[before]);
  expect(again.exit).toEqual({code: 3});
});
