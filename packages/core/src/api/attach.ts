import {z} from 'zod';
import {Gap, WireError} from '../protocol/index.ts';
import {JobView} from './jobs.ts';

/**
 * Frames of `WS /v1/jobs/:id/attach?stdout=<from>&stderr=<from>&log=<from>` (offsets to go on from; absent streams are not
 * sent). Binary frames both ways: stream byte (0 stdin, 1 stdout, 2 stderr, 3 log), offset u64 BE, payload.
 */
export const attachFromServer = z.discriminatedUnion('type', [
  z.object({type: z.literal('job'), job: JobView}),
  /** The bytes that follow are of this attempt, their offsets begin anew at 0. */
  z.object({type: z.literal('attempt'), number: z.number().int()}),
  /** Bytes `from`..`to` of a stream will not come. */
  z.object({type: z.literal('gap'), gap: Gap}),
  /** Stdin up to here is stored: what was sent before need not be sent again. */
  z.object({type: z.literal('stdin.have'), length: z.number().int(), credit: z.number().int()}),
  /** The job ended and every byte asked for was sent; the socket closes after it. */
  z.object({type: z.literal('end'), job: JobView}),
  z.object({type: z.literal('error'), error: WireError}),
]);
export const attachFromClient = z.discriminatedUnion('type', [
  z.object({type: z.literal('stdin.eof'), length: z.number().int().nonnegative()}),
]);
export const attachStream = {stdin: 0, stdout: 1, stderr: 2, log: 3} as const;
