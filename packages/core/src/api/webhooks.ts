import {z} from 'zod';
import {Name} from '../protocol/index.ts';

/** A type of event, a family of them (`job.*`), or all (`*`). */
export const EventPattern = z
  .string()
  .max(100)
  .regex(/^(?:\*|[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*(?:\.\*)?)$/, 'expected a type of event such as job.ended, job.* or *');

/** As the Standard Webhooks write it: `whsec_` and 24 to 64 bytes in base64. */
export const WebhookSecret = z
  .string()
  .regex(/^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'expected whsec_ and base64')
  .refine(text => {
    const {length} = Buffer.from(text.slice(6), 'base64');
    return length >= 24 && length <= 64;
  }, 'expected 24 to 64 bytes in base64');

const url = z.string().min(1).max(2048);
/** What a plugin other than `webhook` is given; its own schema checks it. */
const config = z.record(z.string().max(100), z.unknown());
const events = z.array(EventPattern).min(1).max(50);
const reporter = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected the name of a reporter');

export const CreateWebhookRequest = z.strictObject({
  name: Name,
  /** The plugin that tells it; `webhook` posts to `url`. */
  reporter: reporter.optional(),
  url: url.optional(),
  config: config.optional(),
  /** All, where none are named. */
  events: events.optional(),
  /** One is made where none is given. */
  secret: WebhookSecret.optional(),
});
export const UpdateWebhookRequest = z.strictObject({
  name: Name.optional(),
  url: url.optional(),
  config: config.optional(),
  events: events.optional(),
});
/** `skip`: what happened meanwhile is left out; without it delivery goes on where it stopped. */
export const EnableWebhookRequest = z.strictObject({skip: z.boolean().optional()});
/** The old secret goes on signing beside the new one for `keepMs`. */
export const RotateWebhookRequest = z.strictObject({
  secret: WebhookSecret.optional(),
  keepMs: z
    .number()
    .int()
    .nonnegative()
    .max(30 * 86_400_000)
    .optional(),
});
/** One event by its id, or everything in the list of dead letters. */
export const RedeliverRequest = z.union([
  z.strictObject({event: z.string().min(1).max(64)}),
  z.strictObject({deadLetters: z.literal(true)}),
]);
export const RedeliverView = z.object({queued: z.number().int()});

export const WebhookView = z.object({
  id: z.string(),
  name: z.string(),
  tenant: z.string(),
  reporter: z.string(),
  url: z.string().optional(),
  config: config.optional(),
  events: z.array(z.string()),
  /** `failing`: what it was sent last was not taken, and is tried again at `nextTryAt`. */
  state: z.enum(['active', 'failing', 'disabled']),
  reason: z.string().optional(),
  disabledAt: z.string().optional(),
  failingSince: z.string().optional(),
  nextTryAt: z.string().optional(),
  tries: z.number().int(),
  /** The last event that is done with, as its `seq`. */
  cursor: z.string(),
  /** Events of the tenant after the cursor, of whatever type. */
  behind: z.number().int(),
  delivered: z.number().int(),
  deliveredAt: z.string().optional(),
  deadLetters: z.number().int(),
  /** Events that were no longer kept when their turn came. */
  skipped: z.number().int(),
  secrets: z.array(z.object({createdAt: z.string(), expiresAt: z.string().optional()})),
  actor: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  v: z.number().int(),
});
export type WebhookView = z.infer<typeof WebhookView>;
/** `secret` is shown this once. */
export const CreatedWebhookView = WebhookView.extend({secret: z.string().optional()});
export type CreatedWebhookView = z.infer<typeof CreatedWebhookView>;

export const DeliveryView = z.object({
  event: z.string(),
  type: z.string(),
  seq: z.string().optional(),
  at: z.string(),
  ms: z.number(),
  /** `next`: the event behind one that fails, sent to learn whether it is the event or the receiver. */
  kind: z.enum(['event', 'next', 'redelivery', 'test']),
  outcome: z.enum(['delivered', 'failed', 'gone']),
  why: z.string().optional(),
  tries: z.number().int(),
});
export type DeliveryView = z.infer<typeof DeliveryView>;
export const DeliveriesQuery = z.object({limit: z.coerce.number().int().min(1).max(200).optional()});

export const DeadLetterView = z.object({
  event: z.string(),
  type: z.string(),
  seq: z.string(),
  subject: z.string(),
  time: z.string(),
  /** Since when it failed, and when it was given up. */
  failingSince: z.string(),
  at: z.string(),
  tries: z.number().int(),
  why: z.string(),
});
export type DeadLetterView = z.infer<typeof DeadLetterView>;
