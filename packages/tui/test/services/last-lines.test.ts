import {expect, test} from 'vitest';
import {lastLines} from '../../src/services/last-lines.ts';

async function tail(chunks: readonly string[], count: number): Promise<string> {
  async function* source() {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  const out: Uint8Array[] = [];
  for await (const bytes of lastLines(source(), count)) out.push(bytes);
  return Buffer.concat(out).toString();
}

test.each([
  [['a\nb\nc\n'], 2, 'b\nc\n'],
  [['a\nb', '\nc'], 2, 'b\nc'],
  [['a\n'], 5, 'a\n'],
  [['a\nb\n'], 0, ''],
  [['\n\n\n'], 2, '\n\n'],
  [[], 3, ''],
])('the end of %j, %i lines of it', async (chunks, count, expected) => {
  expect(await tail(chunks, count)).toBe(expected);
});
