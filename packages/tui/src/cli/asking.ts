import {BoxyardError} from '@boxyard/core/errors';
import type {GlobalFlags, Program} from './context.ts';

export interface Asking {
  /** Someone is there to answer: stdin and stderr are terminals and nobody forbade it. */
  readonly canAsk: boolean;
  /** A line that somebody types; `NEEDS_TTY` with that hint where nobody can. */
  ask(question: string, hint: string): Promise<string>;
  /** `--yes` answers it, also where nobody is there; else somebody who is; else it is `no`. Enter alone is `usual`. */
  confirm(question: string, usual: 'yes' | 'no'): Promise<boolean>;
}

export function createAsking(program: Program, flags: GlobalFlags): Asking {
  const {stdin, stderr, env} = program;
  const isForbidden = flags['no-input'] || flags['dry-run'] === true || Boolean(env['CI']) || Boolean(env['BOXYARD_NO_INPUT']);
  const canAsk = stdin.isTTY === true && stderr.isTTY === true && !isForbidden;
  const ask = async (question: string, hint: string) => {
    if (!canAsk) throw new BoxyardError('NEEDS_TTY', {what: question, hint});
    const {askLine} = await import('./ask-line.ts');
    return askLine(stdin, stderr, question);
  };
  return {
    canAsk,
    ask,
    async confirm(question, usual) {
      if (flags.yes && flags['dry-run'] !== true) return true;
      if (!canAsk) return false;
      const answer = await ask(`${question} ${usual === 'yes' ? '[Y/n]' : '[y/N]'}`, '');
      return answer === '' ? usual === 'yes' : /^(y|yes)$/i.test(answer);
    },
  };
}
