import {expect, it} from 'vitest';
import {dockerEndpoints} from '../../src/engines/docker/endpoints.ts';
import {explain as explainDocker} from '../../src/engines/docker/errors.ts';
import {podmanEndpoints} from '../../src/engines/podman/endpoints.ts';

it('docker is looked for where a person named it, and only there', () => {
  expect(dockerEndpoints({socket: '/a.sock'}, {DOCKER_HOST: 'unix:///b.sock'})).toEqual([{socketPath: '/a.sock'}]);
  expect(dockerEndpoints({}, {DOCKER_HOST: 'unix:///b.sock'})).toEqual([{socketPath: '/b.sock'}]);
  expect(dockerEndpoints({}, {DOCKER_HOST: 'tcp://10.0.0.1'})).toEqual([{host: '10.0.0.1', port: 2375}]);
});

it('docker is looked for at its usual sockets, the rootless one last', () => {
  expect(dockerEndpoints({}, {XDG_RUNTIME_DIR: '/run/user/7'})).toEqual([
    {socketPath: '/var/run/docker.sock'},
    {socketPath: '/run/user/7/docker.sock'},
  ]);
});

it('podman is looked for the same way, but not over ssh', () => {
  expect(podmanEndpoints({start: true}, {CONTAINER_HOST: 'unix:///p.sock'})).toEqual([{socketPath: '/p.sock'}]);
  expect(podmanEndpoints({start: true}, {CONTAINER_HOST: 'ssh://x', XDG_RUNTIME_DIR: '/r'})).toEqual([
    {socketPath: '/run/podman/podman.sock'},
    {socketPath: '/r/podman/podman.sock'},
  ]);
});

it('a socket that may not be opened comes with what to type', () => {
  expect(explainDocker(['/var/run/docker.sock'], 'EACCES').fix).toBe('sudo usermod -aG docker $USER, then log in again');
});
