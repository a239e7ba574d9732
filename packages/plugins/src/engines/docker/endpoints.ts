import type {Endpoint} from '../docker-api/api.ts';
import {parseEndpoint} from '../docker-api/endpoint.ts';
import type {DockerConfig} from './config.ts';

/** Where docker may listen, best first. What a person named is the only place looked at. */
export const dockerEndpoints = ({socket, host}: DockerConfig, env: NodeJS.ProcessEnv): readonly Endpoint[] => {
  if (socket !== undefined) return [{socketPath: socket}];
  const named = host ?? env['DOCKER_HOST'] ?? '';
  if (named !== '') return [parseEndpoint(named)];
  const runtime = env['XDG_RUNTIME_DIR'];
  const rootless = runtime === undefined ? [] : [{socketPath: `${runtime}/docker.sock`}];
  return [{socketPath: '/var/run/docker.sock'}, ...rootless];
};
