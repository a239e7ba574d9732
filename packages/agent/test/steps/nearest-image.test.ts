import {expect, test} from 'vitest';
import {nearestImage} from '../../src/steps/nearest-image.ts';

test.each([
  ['docker.io/library/debain:12', [], 'debian:12'],
  ['docker.io/library/pyhton:latest', [], 'python'],
  ['docker.io/library/debian:21', ['docker.io/library/debian:12'], 'debian:12'],
  ['localhost/bse:test', ['localhost/base:test', 'localhost/desktop:test'], 'localhost/base:test'],
  ['docker.io/library/debian:21', [], undefined],
  ['localhost/nothing', ['localhost/base:test'], undefined],
  ['ghcr.io/owner/nodes:1', [], undefined],
])('of %s, which is nowhere, with %j here, %s was meant', (ref, here, meant) => {
  expect(nearestImage(ref, here)).toBe(meant);
});
