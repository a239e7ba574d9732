import type {Client} from '@boxyard/core/client';
import {withSuggestion} from '../services/named-object.ts';

/** Where there is no webhook of that name, the nearest one is named. */
export const onWebhook = <T>(client: Client, webhook: string, call: () => Promise<T>): Promise<T> =>
  withSuggestion(webhook, 'webhook', call, () => client.webhooksList());
