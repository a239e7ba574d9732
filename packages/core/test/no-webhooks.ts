import type {Services} from '../src/services.ts';

type Missing = (by: unknown, name: unknown) => Promise<never>;

/** A tenant without webhooks, on a server without plugins. */
export const noWebhooks = (missing: Missing, none: () => Promise<{items: never[]}>): Pick<Services, 'webhooks' | 'plugins'> => ({
  plugins: {ofServer: async () => []},
  webhooks: {
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
  },
});
