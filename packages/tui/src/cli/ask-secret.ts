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
      for (const character of String(chunk)) {
        if (character === '\r' || character === '\n') return typed;
        if (character === '\u0003') throw new BoxyardError('INTERRUPTED');
        if (character === '\u007f' || character === '\b') typed = [...typed].slice(0, -1).join('');
        else if (character >= ' ') typed += character;
      }
    }
    return typed;
  } finally {
    stdin.setRawMode?.(false);
    stderr.write('\n');
  }
}
