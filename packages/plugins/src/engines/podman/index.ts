import type {Plugin} from '@boxyard/core/plugin-api';
import {podmanConfig, type PodmanConfig} from './config.ts';
import {createPodmanEngine} from './podman-engine.ts';

export default {
  kind: 'engine',
  name: 'podman',
  api: {oldest: 1, newest: 1},
  config: podmanConfig,
  create: (config, host) => createPodmanEngine(config, host, process.env),
} satisfies Plugin<'engine', PodmanConfig>;
