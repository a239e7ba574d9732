import {z} from 'zod';
import {parseAllowed} from './allowed.ts';

const secret = z.string().regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, 'expected whsec_ and base64');

/** `allow`, `timeoutMs` and `ca` are the server owner's; the rest is an endpoint's. */
export const webhookConfig = z.strictObject({
  url: z.string().max(2048),
  /** The newest first; each signs. */
  secrets: z.array(secret).min(1).max(2),
  /** What may be reached beyond https on port 443 of public addresses: `HOST`, `ADDRESS` or `NETWORK/BITS`, each with or without `:PORT`. */
  allow: z
    .array(z.string().refine(text => parseAllowed(text) !== undefined, 'expected HOST, ADDRESS or NETWORK/BITS, with or without :PORT'))
    .default([]),
  timeoutMs: z.number().int().min(10).max(10_000).default(10_000),
  /** Certificates, as PEM, that are trusted beside the usual ones. */
  ca: z.string().optional(),
});
export type WebhookConfig = z.infer<typeof webhookConfig>;
