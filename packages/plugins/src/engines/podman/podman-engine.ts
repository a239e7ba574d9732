import type {Engine, Host} from '@boxyard/core/plugin-api';
import type {Dialect} from '../docker-api/api.ts';
import {apiEngine} from '../docker-api/api-engine.ts';
import {createConnector} from '../docker-api/connector.ts';
import type {PodmanConfig} from './config.ts';
import {podmanEndpoints} from './endpoints.ts';
import {explain} from './errors.ts';

const dialect: Dialect = {
  name: 'podman',
  log: {Type: 'k8s-file', Config: {'max-size': '256m'}},
  logFormat: 'k8s-file',
  wait: 'process',
};

export const createPodmanEngine = (config: PodmanConfig, host: Host, env: NodeJS.ProcessEnv): Engine =>
  apiEngine(createConnector({dialect, host, endpoints: () => podmanEndpoints(config, env), explain}));
