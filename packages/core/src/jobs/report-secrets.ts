import {createHmac, createSecretKey, timingSafeEqual} from 'node:crypto';
import type {Attempt} from '../protocol/index.ts';
import type {ReportSecrets} from '../services.ts';

export function createReportSecrets(key: Uint8Array): ReportSecrets {
  const mac = createSecretKey(key);
  const bytesOf = (job: string, {number, id}: Attempt) =>
    createHmac('sha256', mac)
      .update(JSON.stringify(['report', job, number, id]))
      .digest();
  return {
    of: (job, attempt) => bytesOf(job, attempt).toString('hex'),
    isOf: (secret, job, attempt) => /^[0-9a-f]{64}$/.test(secret) && timingSafeEqual(bytesOf(job, attempt), Buffer.from(secret, 'hex')),
  };
}
