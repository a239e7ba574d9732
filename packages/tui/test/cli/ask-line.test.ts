import {PassThrough} from 'node:stream';
import {expect, test} from 'vitest';
import {askLine} from '../../src/cli/ask-line.ts';

/** Both ends of a terminal; nobody is there to see what is asked. */
function terminal() {
  const input = Object.assign(new PassThrough(), {isTTY: true, setRawMode: () => undefined});
  const output = Object.assign(new PassThrough(), {isTTY: true, columns: 80});
  output.resume();
  return {input, output};
}

test('an answer comes without the spaces around it', async () => {
  const {input, output} = terminal();
  const answer = askLine(input, output, 'Go on? [y/N]');
  input.write(' y \r');
  await expect(answer).resolves.toBe('y');
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
])('%s at a question ends the command, and is no failure of ours', async (_, key) => {
  const {input, output} = terminal();
  const answer = askLine(input, output, 'Go on? [y/N]');
  input.write(key);
  await expect(answer).rejects.toMatchObject({code: 'INTERRUPTED'});
});

test('so does a terminal that hangs up', async () => {
  const {input, output} = terminal();
  const answer = askLine(input, output, 'Go on? [y/N]');
  input.end();
  await expect(answer).rejects.toMatchObject({code: 'INTERRUPTED'});
});
