import type {Readable} from 'node:stream';

type Keyboard = Readable & {setRawMode?(on: boolean): unknown};

/**
 * Resolves at enter, ctrl-c, ctrl-d, or when nobody can type any more; other keys, such as those typed ahead, are let go.
 * Raw, because the end of input that ctrl-d means to a terminal would be the end of the keyboard.
 */
export async function untilEnter(stdin: Keyboard): Promise<void> {
  const done = Promise.withResolvers<void>();
  const onData = (chunk: Buffer | string) => void (/[\r\n\u0003\u0004]/.test(String(chunk)) && done.resolve());
  const onGone = () => done.resolve();
  stdin.setRawMode?.(true);
  stdin.on('data', onData).once('end', onGone).once('error', onGone);
  stdin.resume();
  try {
    await done.promise;
  } finally {
    stdin.off('data', onData).off('end', onGone).off('error', onGone);
    stdin.pause();
    stdin.setRawMode?.(false);
  }
}
