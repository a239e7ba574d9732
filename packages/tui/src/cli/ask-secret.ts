import {BoxyardError} from '@boxyard/core/errors';
import type {Context} from './context.ts';

/** Asks without showing what is typed. */
export async function askSecret({program, canAsk}: Context, question: string): Promise<string> {
  const {stdin, stderr} = program;
  if (!canAsk) throw new BoxyardError('NEEDS_TTY', {what: question, hint: 'Give it on stdin.'});
  stderr.write(`${question}: `);
  stdin.setRawMode?.(true);
  let typed = '';
  try {
    for await (const chunk of stdin) {
      const read = readTyped(typed, String(chunk));
      typed = read.typed;
      if (read.isDone) break;
    }
    return typed;
  } finally {
    stdin.setRawMode?.(false);
    stderr.write('\n');
  }
}

function readTyped(before: string, chunk: string): {readonly typed: string; readonly isDone: boolean} {
  let typed = before;
  for (const character of chunk) {
    if (character === '\r' || character === '\n') return {typed, isDone: true};
    if (character === '\u0003') throw new BoxyardError('INTERRUPTED');
    if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
    else if (character >= ' ') typed += character;
  }
  return {typed, isDone: false};
}
