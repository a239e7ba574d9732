import type {Engine, Host} from '@boxyard/core/plugin-api';
import type {Dialect} from '../docker-api/api.ts';
import {apiEngine} from '../docker-api/api-engine.ts';
import {createConnector} from '../docker-api/connector.ts';
import type {DockerConfig} from './config.ts';
import {dockerEndpoints} from './endpoints.ts';
import {explain} from './errors.ts';

/** `local` keeps bytes exactly where `json-file` does not; a compressed or single file could not be read back in full. */
const dialect: Dialect = {
  name: 'docker',
  log: {Type: 'local', Config: {'max-size': '64m', 'max-file': '4', compress: 'false'}},
  logFormat: 'stream',
  wait: 'engine',
  resize: 'sure',
  scratch: [],
};

export const createDockerEngine = (config: DockerConfig, host: Host, env: NodeJS.ProcessEnv): Engine =>
  apiEngine(createConnector({dialect, host, endpoints: () => dockerEndpoints(config, env), explain}));
