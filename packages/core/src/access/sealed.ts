import {createCipheriv, createDecipheriv, randomBytes} from 'node:crypto';
import {BoxyardError} from '../errors/index.ts';

/** AES-256-GCM. Bound to its place: moved to another tenant or name, it does not open. */
export function seal(key: Buffer, value: string, tenant: string, name: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(`${tenant}\n${name}`));
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return ['1', iv.toString('base64'), cipher.getAuthTag().toString('base64'), text.toString('base64')].join('.');
}

/** `CONFIG_INVALID` where another key, or another place, sealed it. */
export function open(key: Buffer, sealed: string, tenant: string, name: string): string {
  const [, iv = '', tag = '', text = ''] = sealed.split('.');
  try {
    const opener = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), {authTagLength: 16});
    opener.setAAD(Buffer.from(`${tenant}\n${name}`)).setAuthTag(Buffer.from(tag, 'base64'));
    return Buffer.concat([opener.update(Buffer.from(text, 'base64')), opener.final()]).toString('utf8');
  } catch (error) {
    throw new BoxyardError(
      'CONFIG_INVALID',
      {file: 'BOXYARD_SECRET_KEY', issue: 'it does not open this secret', hint: 'Set the secret again.'},
      {cause: error},
    );
  }
}

/** For whoever signs messages, or checks them, as the Standard Webhooks say: 24 to 64 random bytes. */
export const newSigningSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
