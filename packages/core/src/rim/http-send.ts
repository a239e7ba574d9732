import type {IncomingMessage, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {ERROR_TRAILER, encodeTrailer} from '../api/index.ts';
import {asHttpError} from './http-errors.ts';

/** Whether this client reads what comes behind a body. Others see it break off, so that it never looks whole to them. */
export const readsTrailers = ({headers}: IncomingMessage): boolean => /\btrailers\b/i.test(String(headers.te ?? ''));

export const announced = {trailer: ERROR_TRAILER};

/** Sends all of it at the client's pace. A failure comes as the trailer where it is read, and else rejects, with the answer cut. */
export async function sendBytes(out: ServerResponse, bytes: AsyncIterable<Uint8Array>, isTold: boolean): Promise<void> {
  let failed: {readonly by: unknown} | undefined;
  const caught = async function* () {
    try {
      yield* bytes;
    } catch (error) {
      failed = {by: error};
    }
  };
  await pipeline(Readable.from(caught(), {objectMode: false}), out, {end: false});
  if (failed !== undefined && !isTold) throw failed.by;
  if (failed !== undefined) out.addTrailers({[ERROR_TRAILER]: encodeTrailer(asHttpError(failed.by))});
  out.end();
}
