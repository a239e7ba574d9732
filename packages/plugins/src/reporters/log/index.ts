import type {Plugin} from '@boxyard/core/plugin-api';
import {logConfig, type LogConfig} from './config.ts';
import {createLog} from './log.ts';

export default {
  kind: 'reporter',
  name: 'log',
  api: {oldest: 1, newest: 1},
  config: logConfig,
  create: (config, host) => createLog(config, host.stateDir),
} satisfies Plugin<'reporter', LogConfig>;
