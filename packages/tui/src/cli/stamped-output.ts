import type {Client} from '@boxyard/core/client';
import type {OutputName} from '@boxyard/core/protocol';
import {createStamper, timeAt, type Placed} from '../services/log-times.ts';
import type {JobOutput} from './job-output.ts';

/** The output of a job that is followed, with the time in front of each line: of what was there as the server noted it, of the rest as it comes. */
export function stampedOutput(client: Client, job: string, output: JobOutput, now: () => number): JobOutput {
  const stampers = new Map<OutputName, Promise<Stamp>>();
  return {
    ...output,
    async bytes(stream, bytes, offset = 0) {
      const stamp = stampers.get(stream) ?? loadStamp(client, job, stream, now);
      stampers.set(stream, stamp);
      await output.bytes(stream, (await stamp)({offset, bytes}), offset);
    },
  };
}

type Stamp = (piece: Placed) => Uint8Array;

async function loadStamp(client: Client, job: string, stream: OutputName, now: () => number): Promise<Stamp> {
  const known = await client.jobsLogTimes({job, query: {stream}});
  let reached = 0;
  let isAnotherAttempt = false;
  const stamp = createStamper(offset => (isAnotherAttempt || offset >= known.length ? undefined : timeAt(known.marks, offset)) ?? now());
  return piece => {
    // Offsets begin anew where the job is tried again, and nothing of that was there before.
    isAnotherAttempt ||= piece.offset < reached;
    reached = piece.offset + piece.bytes.length;
    return stamp(piece);
  };
}
