import fc from 'fast-check';
import {expect, it} from 'vitest';
import {openScreen} from '@boxyard/core/vt/screen';
import {Picture} from '../../src/tty/picture.ts';

type Screen = ReturnType<typeof openScreen>;
const write = (screen: {write(bytes: Uint8Array, done: () => void): void}, text: string) =>
  new Promise<void>(resolve => screen.write(Buffer.from(text), resolve));
const rowsOf = (screen: Screen) =>
  Array.from({length: screen.rows}, (_, row) => screen.buffer.active.getLine(screen.buffer.active.baseY + row)!.translateToString(true));

it('a session of another size is shown around its cursor, after any changes', async () => {
  const piece = fc.oneof(
    fc.constantFrom('\r\n', '\u001b[H', '\u001b[2J', '\u001b[20;1H', '\u001b[1;44mx\u001b[0m', '日本'),
    fc.string({maxLength: 50}),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(piece, {maxLength: 10}), {maxLength: 5}), async frames => {
      const session = {columns: 40, rows: 24};
      const window = {columns: 30, rows: 10};
      const picture = new Picture(session, window);
      const control = openScreen(session, 0);
      const local = openScreen(window, 0);
      for (const frame of frames) {
        await write(picture, frame.join(''));
        await write(control, frame.join(''));
        await write(local, picture.paint('note'));
        const {cursorY} = control.buffer.active;
        const top = Math.min(Math.max(0, cursorY - 8), 24 - 9);
        const wanted = rowsOf(control).slice(top, top + 9);
        const shown = rowsOf(local);
        // A wide character cut by the edge is left out.
        for (const [row, line] of wanted.entries())
          expect(clip(control, top + row).startsWith(shown[row]!), `${line} | ${shown[row]}`).toBe(true);
        expect(shown[9]).toBe('note');
      }
      picture.close();
    }),
    {numRuns: 40},
  );
});

const clip = (screen: Screen, row: number) =>
  screen.buffer.active.getLine(screen.buffer.active.baseY + row)!.translateToString(false, 0, 30);

it('paints only what changed', async () => {
  const picture = new Picture({columns: 40, rows: 10}, {columns: 30, rows: 10});
  await write(picture, 'one\r\ntwo');
  expect(picture.paint('note')).toContain('one');
  await write(picture, '!');
  const next = picture.paint('note');
  expect(next).toContain('two!');
  expect(next).not.toContain('one');
  expect(next).not.toContain('note');
});
