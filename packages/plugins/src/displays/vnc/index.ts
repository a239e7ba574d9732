import type {Plugin} from '@boxyard/core/plugin-api';
import {vncConfig, type VncConfig} from './config.ts';
import {createVnc} from './vnc-display.ts';

export default {
  kind: 'display',
  name: 'vnc',
  api: {oldest: 1, newest: 1},
  config: vncConfig,
  create: (config, host) => createVnc(config, host),
} satisfies Plugin<'display', VncConfig>;
