import {lookup} from 'node:dns/promises';
import type {Plugin} from '@boxyard/core/plugin-api';
import {webhookConfig, type WebhookConfig} from './config.ts';
import {createWebhook} from './webhook.ts';

export default {
  kind: 'reporter',
  name: 'webhook',
  api: {oldest: 1, newest: 1},
  config: webhookConfig,
  create: (config, host) => createWebhook(config, host, {resolve: name => lookup(name, {all: true, verbatim: true}), now: Date.now}),
} satisfies Plugin<'reporter', WebhookConfig>;
