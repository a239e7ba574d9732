/** What the splitting has to know of a flag. */
export interface FlagShape {
  readonly name: string;
  readonly char?: string | undefined;
  readonly takesValue: boolean;
}

/**
 * Parts the line of `run` and `exec` into our words and the command. The command begins after `--`, or after as many plain
 * words as we have arguments. It is handed on byte for byte; oclif's own parser would re-order repeated words.
 */
export function splitCommand(
  argv: readonly string[],
  flags: readonly FlagShape[],
  ownWords: number,
): {readonly own: readonly string[]; readonly command: readonly string[]} {
  let words = 0;
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i]!;
    if (token === '--') return {own: argv.slice(0, i), command: argv.slice(i + 1)};
    if (token.startsWith('-') && token !== '-') {
      if (takesNext(token, flags)) i++;
      continue;
    }
    if (words === ownWords) return {own: argv.slice(0, i), command: argv.slice(i)};
    words++;
  }
  return {own: argv, command: []};
}

function takesNext(token: string, flags: readonly FlagShape[]): boolean {
  if (token.startsWith('--')) return flags.some(flag => flag.takesValue && token === `--${flag.name}`);
  const letters = [...token.slice(1)];
  for (const [i, letter] of letters.entries()) {
    const flag = flags.find(candidate => candidate.char === letter);
    if (flag?.takesValue) return i === letters.length - 1;
  }
  return false;
}
