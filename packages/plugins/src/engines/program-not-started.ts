/** One sentence for a program that could not be started, whichever engine tried; with a shell's code for it. */
export const notStarted = (word: string, code: 126 | 127): string => {
  if (code === 126) return `${word}: cannot be run\n`;
  return word.includes('/') ? `${word}: no such file\n` : `${word}: command not found\n`;
};
