import type {Client} from '@boxyard/core/client';
import {createStamp} from '../services/log-times.ts';
import type {JobOutput} from './job-output.ts';

/** The output of a job that is followed, with the time in front of each line. */
export function stampedOutput(client: Client, job: string, output: JobOutput, now: () => number): JobOutput {
  const stamp = createStamp(client, job, {now});
  return {
    ...output,
    async bytes(stream, bytes, offset = 0) {
      await output.bytes(stream, await stamp({stream, offset, bytes}), offset);
    },
  };
}
