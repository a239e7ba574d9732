import {expect, onTestFinished, test} from 'vitest';
import type {Step} from '@boxyard/core/protocol';
import {Scene, waitFor} from './scene.ts';

const size = {columns: 80, rows: 24};

test('what changes for a viewer right behind its opening is told after it', async () => {
  await using scene = await Scene.open();
  await scene.registered();
  const box = 'dev-terminals';
  const command = {argv: ['sh'], env: {}, stdin: false, tty: {...size, detachedMs: 60_000}};
  const steps: Step[] = [
    {
      do: 'container.create',
      spec: {name: box, labels: {}, main: 'hold', env: {}, stdin: false, limits: {}, mounts: [], readOnlyRoot: false},
      secrets: [],
    },
    {do: 'container.start', box, stdin: false},
    {do: 'container.exec', box, command, secrets: []},
  ];
  const {job, attempt} = scene.server.start({steps});
  onTestFinished(() => scene.server.cancel({job, attempt}, 0));
  await waitFor(() => scene.server.of('terminal.state', job)[0]);
  let last = 2 ** 31;
  const open = (viewer: string) => {
    last += 1;
    scene.server.send({type: 'terminal.open', stream: last, job, attempt, viewer, mayType: true, ...size, history: 0, credit: 0});
    return last;
  };
  const told = (stream: number) =>
    scene.server.received
      .filter(message => message.type === 'terminal.opened' || message.type === 'terminal.control')
      .filter(message => message.stream === stream)
      .map(({type, controls}) => [type, controls]);
  const before = open('who-types');
  await waitFor(() => told(before).some(([type]) => type === 'terminal.opened'));
  scene.server.send({type: 'terminal.close', stream: before});
  // The other one comes back first, and what it is given goes on at once to who typed before.
  const [other, typist] = [open('who-looks-on'), open('who-types')];
  await waitFor(() => told(typist).some(([type]) => type === 'terminal.opened') && told(other).at(-1)?.[1] === false);
  expect(told(other).slice(-2)).toEqual([
    ['terminal.opened', true],
    ['terminal.control', false],
  ]);
  expect(told(typist).at(-1)?.[1]).toBe(true);
});
