import type {Plugin} from '@boxyard/core/plugin-api';
import {processConfig, type ProcessConfig} from './config.ts';
import {createProcessEngine} from './process-engine.ts';

export default {
  kind: 'engine',
  name: 'process',
  api: {oldest: 1, newest: 1},
  config: processConfig,
  create: createProcessEngine,
} satisfies Plugin<'engine', ProcessConfig>;
