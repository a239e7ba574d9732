import type {Engine, Host} from '@boxyard/core/plugin-api';
import type {Dialect} from '../docker-api/api.ts';
import {apiEngine} from '../docker-api/api-engine.ts';
import {createConnector} from '../docker-api/connector.ts';
import {buildApart, scratchOf} from './build-service.ts';
import type {PodmanConfig} from './config.ts';
import {podmanEndpoints} from './endpoints.ts';
import {explain, fixOf} from './errors.ts';
import {launchService, privateSocket} from './service.ts';

const dialectOf = (env: NodeJS.ProcessEnv): Dialect => ({
  name: 'podman',
  log: {Type: 'k8s-file', Config: {'max-size': '256m'}},
  logFormat: 'k8s-file',
  wait: 'process',
  resize: 'unsure',
  scratch: [scratchOf(env)],
});

export const createPodmanEngine = (config: PodmanConfig, host: Host, env: NodeJS.ProcessEnv): Engine => {
  const isNamed = config.socket !== undefined || (env['CONTAINER_HOST'] ?? '').startsWith('unix:');
  const mayStart = config.start && !isNamed;
  const own = {socketPath: privateSocket(host.stateDir)};
  const fit = {isKnown: false};
  const connector = createConnector({
    dialect: dialectOf(env),
    host,
    explain,
    fixOf,
    endpoints: () => [...podmanEndpoints(config, env), ...(mayStart ? [own] : [])],
    launch: async connectTo => (mayStart ? launchService({config, host, env, name: 'service', endpoint: own, fit}, connectTo) : undefined),
  });
  const engine = apiEngine(connector);
  if (!config.start) return engine;
  return {...engine, features: {...engine.features, build: buildApart(connector, {config, host, env, fit})}};
};
