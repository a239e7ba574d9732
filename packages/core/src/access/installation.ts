import {join} from 'node:path';
import {newId, openPrivate, randomBase32, writePrivate} from '../config/index.ts';
import {createHmac, hkdfSync, randomBytes} from 'node:crypto';
import {BoxyardError} from '../errors/index.ts';

/** What must outlive Redis, kept in `BLOB_DIR`: who we are, which tenants there are, and the key that others are derived from. */
export interface Installation {
  readonly id: string;
  /** The first one is the operator's. */
  readonly tenants: readonly {readonly id: string; readonly name: string}[];
  rememberTenant(tenant: {readonly id: string; readonly name: string}): void;
  /** 256 bits for one purpose; the same on every server that shares the folder. */
  deriveKey(purpose: string): Buffer;
}

interface Stored {
  readonly installation: string;
  readonly tenants: readonly {readonly id: string; readonly name: string}[];
}

/**
 * Made on the first start, read afterwards. `secretKey` (`BOXYARD_SECRET_KEY`, 32 bytes as hex or base64) takes the place of
 * the key file. Throws `FILE_UNSAFE` where others may read either file, `CONFIG_INVALID` for a key that is none.
 */
export function openInstallation(blobDir: string, secretKey?: string): Installation {
  const file = join(blobDir, 'installation.json');
  const fresh = (): Stored => ({installation: randomBase32(130), tenants: [{id: newId('t'), name: 'local'}]});
  let stored = JSON.parse(openPrivate(file, () => JSON.stringify(fresh()))) as Stored;
  const key = secretKey === undefined ? keyFile(join(blobDir, 'secret-key')) : keyOf(secretKey, 'BOXYARD_SECRET_KEY');
  return {
    id: stored.installation,
    get tenants() {
      return stored.tenants;
    },
    rememberTenant(tenant) {
      if (stored.tenants.some(each => each.id === tenant.id && each.name === tenant.name)) return;
      stored = {...stored, tenants: [...stored.tenants.filter(each => each.id !== tenant.id), tenant]};
      writePrivate(file, JSON.stringify(stored));
    },
    deriveKey: purpose => Buffer.from(hkdfSync('sha256', key, stored.installation, `boxyard ${purpose}`, 32)),
  };
}

const keyFile = (path: string): Buffer => keyOf(openPrivate(path, () => `${randomBytes(32).toString('hex')}\n`).trim(), path);

function keyOf(text: string, file: string): Buffer {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length !== 32) throw new BoxyardError('CONFIG_INVALID', {file, issue: 'expected 32 bytes as hex or base64'});
  return key;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A keyed hash as base32, 52 characters for 256 bits. */
export function macOf(key: Buffer, ...parts: readonly string[]): string {
  const bytes = createHmac('sha256', key).update(JSON.stringify(parts)).digest();
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  return Array.from({length: 52}, (_, at) => alphabet[Number((bits >> BigInt(at * 5)) & 31n)]).join('');
}
