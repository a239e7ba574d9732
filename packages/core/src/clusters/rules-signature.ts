import {createHash, createHmac, timingSafeEqual} from 'node:crypto';

/** Values by lower-case name, as often as each came. */
export type SignedHeaders = Readonly<Record<string, readonly string[] | undefined>>;

interface Given {
  readonly headers: SignedHeaders;
  /** Byte for byte as they came. */
  readonly bytes: Uint8Array;
}

/** How far a sender's clock may be away. */
const windowMs = 300_000;
const standard = 'webhook-signature';
const github = 'x-hub-signature-256';

export const isSigned = (headers: SignedHeaders): boolean => headers[standard] !== undefined || headers[github] !== undefined;

/**
 * What the sender calls the message, where one of the secrets (`whsec_…`) signed it: as the Standard Webhooks do, else as GitHub
 * does. Undefined where none did. Takes as long for every secret, and throws on nothing that anybody sends.
 */
export const signedId = (given: Given, secrets: readonly string[], now: number): string | undefined =>
  given.headers[standard] === undefined ? githubId(given, secrets) : standardId(given, secrets, now);

function standardId({headers, bytes}: Given, secrets: readonly string[], now: number): string | undefined {
  const id = once(headers, 'webhook-id', /^[\x21-\x7e]{1,200}$/);
  const timestamp = once(headers, 'webhook-timestamp', /^\d{1,12}$/);
  const listed = once(headers, standard, /^[\x20-\x7e]{1,8000}$/) ?? '';
  const signatures = listed.split(' ').flatMap(part => {
    const text = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(part)?.[1];
    return text === undefined ? [] : [Buffer.from(text, 'base64')];
  });
  const keys = secrets.map(secret => Buffer.from(secret.slice('whsec_'.length), 'base64'));
  const isOurs = isOneOf(signatures, keys, [`${id}.${timestamp}.`, bytes]);
  const isNow = Math.abs(now - Number(timestamp) * 1_000) <= windowMs;
  return isOurs && isNow && id !== undefined && timestamp !== undefined ? `standard ${id}` : undefined;
}

/** GitHub signs the body alone, with the secret as it is written, and says in a header which delivery it is. */
function githubId({headers, bytes}: Given, secrets: readonly string[]): string | undefined {
  const text = once(headers, github, /^sha256=[0-9a-f]{64}$/i);
  const signatures = text === undefined ? [] : [Buffer.from(text.slice('sha256='.length), 'hex')];
  const keys = secrets.map(secret => Buffer.from(secret));
  if (!isOneOf(signatures, keys, [bytes])) return undefined;
  const delivery = once(headers, 'x-github-delivery', /^[\x21-\x7e]{1,200}$/);
  return delivery === undefined ? `body ${createHash('sha256').update(bytes).digest('hex')}` : `github ${delivery}`;
}

/** The one value of a header; undefined where it came twice, or looks otherwise. */
function once(headers: SignedHeaders, name: string, form: RegExp): string | undefined {
  const [value, ...more] = headers[name] ?? [];
  return value !== undefined && more.length === 0 && form.test(value) ? value : undefined;
}

/** Digests of 32 bytes each, all of them compared. */
function isOneOf(signatures: readonly Buffer[], keys: readonly Buffer[], parts: readonly (string | Uint8Array)[]): boolean {
  let found = false;
  for (const key of keys) {
    const mac = createHmac('sha256', key);
    for (const part of parts) mac.update(part);
    const digest = mac.digest();
    for (const signature of signatures) found = timingSafeEqual(signature, digest) || found;
  }
  return found;
}
