import {expect} from 'vitest';
import type {Step} from '@boxyard/core/protocol';
import type {Agent} from '../src/agent.ts';
import type {Scene} from './scene.ts';

/** Of this test file alone: its programs are known by it. */
export const box = `dev-held-${process.pid}`;
const made = (tenant: string): Step => ({
  do: 'container.create',
  spec: {
    name: box,
    labels: {
      'io.boxyard.kind': 'devbox',
      'io.boxyard.devbox': `d-${'c'.repeat(26)}`,
      'io.boxyard.tenant': tenant,
      'io.boxyard.name': 'web',
    },
    main: 'hold',
    env: {},
    stdin: false,
    limits: {},
    mounts: [],
    readOnlyRoot: false,
  },
  secrets: [],
});

/** A DevBox of the server's tenant that runs, on the engine process. */
export async function withBox(scene: Scene): Promise<Agent> {
  const agent = await scene.registered();
  const steps: Step[] = [made(scene.server.tenant), {do: 'container.start', box, stdin: false}];
  const {result} = await scene.whole(scene.server.start({keepBox: true, steps}).job);
  expect(result.error).toBeUndefined();
  return agent;
}
