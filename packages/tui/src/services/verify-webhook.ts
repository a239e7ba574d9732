import {createHash, createHmac, timingSafeEqual} from 'node:crypto';

export type Verdict =
  | {readonly isValid: true; readonly id: string; readonly ageMs: number}
  | {readonly isValid: false; readonly why: string; readonly hint?: string | undefined};

/** Values by lower-case name, as often as each came. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** `Name: value` by line; lines that are none (a request line, an empty one) are left out. */
export function parseHeaders(lines: readonly string[]): Headers {
  const headers = new Map<string, readonly string[]>();
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (match === null) continue;
    const name = match[1]!.toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), match[2]!]);
  }
  return headers;
}

interface Given {
  readonly headers: Headers;
  /** Byte for byte as it came. */
  readonly body: Buffer;
  readonly secret: string;
}

const invalid = (why: string, hint?: string): Verdict => ({isValid: false, why, hint});

/** What the Standard Webhooks ask of a receiver, with the reason where it does not hold. Never throws. */
export function verifySignature(given: Given, {now, toleranceMs}: {readonly now: number; readonly toleranceMs: number}): Verdict {
  const key = keyOf(given.secret);
  if (key === undefined) return invalid('the secret is not whsec_ and base64', 'Copy the whole line that add or rotate printed.');
  const read = readHeaders(given.headers);
  if ('isValid' in read) return read;
  const {id, timestamp, signature} = read;
  if (!/^\d{1,12}$/.test(timestamp)) return invalid(`webhook-timestamp is no number of seconds: ${timestamp.slice(0, 40)}`);
  const listed = signature.split(' ').filter(part => part !== '');
  const ours = listed.filter(part => part.startsWith('v1,')).map(part => part.slice(3));
  if (ours.length === 0)
    return invalid('webhook-signature holds no signature of version v1', 'It reads v1,BASE64, several with a space in between.');
  if (!ours.some(isDigest)) return invalid('no v1 signature is the base64 of 32 bytes', 'Was the header cut off?');
  const matches = (body: Buffer) => ours.some(text => isEqual(text, macOf(key, `${id}.${timestamp}.`, body)));
  if (!matches(given.body)) return mismatch(given.body, matches);
  const ageMs = now - Number(timestamp) * 1_000;
  if (Math.abs(ageMs) <= toleranceMs) return {isValid: true, id, ageMs};
  const seconds = Math.round(Math.abs(ageMs) / 1_000);
  const when = ageMs < 0 ? `${seconds} s in the future` : `${seconds} s old`;
  return invalid(
    `the signature is right, but it is ${when}`,
    'Compare the clocks of both machines; --tolerance allows more when you look at an old one.',
  );
}

function readHeaders(headers: Headers): Verdict | {readonly id: string; readonly timestamp: string; readonly signature: string} {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
  for (const name of names) {
    const values = headers.get(name) ?? [];
    if (values.length === 0 || values[0] === '') return invalid(`the header ${name} is missing`);
    if (values.length > 1) return invalid(`the header ${name} came ${values.length} times`);
  }
  const [id, timestamp, signature] = names.map(name => headers.get(name)![0]!);
  return {id: id!, timestamp: timestamp!, signature: signature!};
}

/** Looks whether something that is often done to a body on its way explains it. */
function mismatch(body: Buffer, matches: (body: Buffer) => boolean): Verdict {
  const text = body.toString('utf8');
  if (matches(Buffer.from(text.replace(/\r?\n$/, ''))))
    return invalid('the body has a line end that was not signed', 'Keep the bytes as they came.');
  const again = reserialised(text);
  if (again !== undefined && matches(Buffer.from(again)))
    return invalid(
      'the body was parsed and written anew: its spaces are not those that were signed',
      'Check the raw bytes before parsing them.',
    );
  return invalid('no signature matches', 'Another secret, another webhook-id or webhook-timestamp, or a changed body.');
}

function reserialised(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function keyOf(secret: string): Buffer | undefined {
  const match = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret);
  return match === null ? undefined : Buffer.from(match[1]!, 'base64');
}

const isDigest = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text);
const macOf = (key: Buffer, head: string, body: Buffer): string => createHmac('sha256', key).update(head).update(body).digest('base64');
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Digests of one length are compared, whatever came. */
const isEqual = (a: string, b: string): boolean => timingSafeEqual(digestOf(a), digestOf(b));
