import type {Plugin} from '@boxyard/core/plugin-api';
import {dockerConfig, type DockerConfig} from './config.ts';
import {createDockerEngine} from './docker-engine.ts';

export default {
  kind: 'engine',
  name: 'docker',
  api: {oldest: 1, newest: 1},
  config: dockerConfig,
  create: (config, host) => createDockerEngine(config, host, process.env),
} satisfies Plugin<'engine', DockerConfig>;
