import type {Endpoint} from '../docker-api/api.ts';
import {parseEndpoint} from '../docker-api/endpoint.ts';
import type {PodmanConfig} from './config.ts';

/** Where podman may listen, best first. What a person named is the only place looked at. */
export const podmanEndpoints = ({socket}: PodmanConfig, env: NodeJS.ProcessEnv): readonly Endpoint[] => {
  if (socket !== undefined) return [{socketPath: socket}];
  const named = env['CONTAINER_HOST'] ?? '';
  if (named !== '' && !named.startsWith('ssh:')) return [parseEndpoint(named)];
  const runtime = env['XDG_RUNTIME_DIR'];
  const rootless = runtime === undefined ? [] : [{socketPath: `${runtime}/podman/podman.sock`}];
  return [{socketPath: '/run/podman/podman.sock'}, ...rootless];
};
