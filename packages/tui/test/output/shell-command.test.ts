import {expect, test} from 'vitest';
import {inFiles, inTmux, ownWords, shellCommand} from '../../src/output/shell-command.ts';

test('a command is shown in the words of who typed it, and not with what is put around it', () => {
  expect(ownWords(['top', '-d', '1'])).toBe('top -d 1');
  expect(ownWords(shellCommand())).toBe('a shell');
  expect(ownWords(shellCommand(['cd src']))).toBe('a shell');
  expect(ownWords(inTmux('boxyard-web-shell', ['npm', 'run', 'dev']))).toBe('npm run dev');
  expect(ownWords(inTmux('boxyard-web-shell', shellCommand()))).toBe('a shell');
  expect(ownWords(inFiles('boxyard-web-dev', ['npm', 'run', 'dev']))).toBe('npm run dev');
  expect(ownWords(['/bin/sh', '-c', 'exec top'])).toBe('/bin/sh -c exec top');
});
