import {createHmac, createSecretKey, timingSafeEqual} from 'node:crypto';
import {randomName} from '../config/index.ts';

/** Ids of attempts: half random, half a mark that only this installation can make, and that names the worker it was sent to. */
export interface AttemptIds {
  issue(job: string, worker: string): string;
  /** Whether this worker was ever sent this job under this id: what an agent says of a job is believed only then. */
  isOf(id: string, job: string, worker: string): boolean;
}

const HALF = 16;

export function createAttemptIds(key: Uint8Array): AttemptIds {
  const secret = createSecretKey(key);
  const mark = (nonce: string, job: string, worker: string) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([nonce, job, worker]))
      .digest('hex')
      .slice(0, HALF);
  return {
    issue(job, worker) {
      const nonce = randomName(HALF / 2).toString('hex');
      return nonce + mark(nonce, job, worker);
    },
    isOf(id, job, worker) {
      if (!/^[0-9a-f]{32}$/.test(id)) return false;
      return timingSafeEqual(Buffer.from(mark(id.slice(0, HALF), job, worker)), Buffer.from(id.slice(HALF)));
    },
  };
}
