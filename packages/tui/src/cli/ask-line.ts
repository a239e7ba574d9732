import {createInterface} from 'node:readline/promises';
import type {Readable, Writable} from 'node:stream';
import {BoxyardError} from '@boxyard/core/errors';

/** One line of an answer, without the spaces around it. Ctrl-C and the end of input are `INTERRUPTED`, not a failure of ours. */
export async function askLine(input: Readable, output: Writable, question: string): Promise<string> {
  const lines = createInterface({input, output});
  const gone = Promise.withResolvers<never>();
  lines.once('close', () => gone.reject(new BoxyardError('INTERRUPTED')));
  const answer = lines.question(`${question}: `).catch(() => {
    throw new BoxyardError('INTERRUPTED');
  });
  try {
    return (await Promise.race([answer, gone.promise])).trim();
  } finally {
    lines.close();
  }
}
