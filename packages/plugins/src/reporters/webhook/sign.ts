import {createHmac} from 'node:crypto';

/** The three headers of the Standard Webhooks; one signature for each secret, so that either may be in use at the other end. */
export function signed(id: string, seconds: number, body: Buffer, secrets: readonly string[]): Readonly<Record<string, string>> {
  const signatures = secrets.map(secret => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.`).update(body).digest('base64')}`;
  });
  return {'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ')};
}
