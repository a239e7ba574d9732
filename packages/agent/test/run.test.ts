import {expect, test} from 'vitest';
import {Scene, runSteps} from './scene.ts';

test('a command runs, its output arrives whole and its exit is the result', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const {job} = scene.server.start({steps: runSteps(['sh', '-c', 'echo hello; echo oops >&2; exit 3'])});
  const {result, stdout, stderr} = await scene.whole(job);
  expect({exit: result.exit, stdout, stderr}).toEqual({exit: {code: 3}, stdout: 'hello\n', stderr: 'oops\n'});
});
