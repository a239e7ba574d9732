import type {WebhookService} from '../src/services.ts';

type Missing = (by: unknown, name: unknown) => Promise<never>;

/** A tenant without webhooks. */
export const noWebhooks = (missing: Missing, none: () => Promise<{items: never[]}>): WebhookService => ({
  create: missing,
  list: none,
  show: missing,
  update: missing,
  remove: missing,
  enable: missing,
  disable: missing,
  rotate: missing,
  test: missing,
  deliveries: missing,
  redeliver: missing,
  deadLetters: missing,
});
