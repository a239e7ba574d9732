import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {VtTokens} from '@boxyard/core/vt';
import {Model} from '../../../src/session-host/terminal/model.ts';
import {looksOf, plainScreen} from './looker.ts';

const size = {columns: 20, rows: 6};
const E = '\u001b';

/** What full-screen programs and shells write. */
const piece = fc.oneof(
  fc.constantFrom(
    'hello ',
    'wörld',
    '日本',
    '🔴',
    'e\u0301',
    '😀',
    '\r\n',
    '\r',
    '\b',
    '\t',
    `${E}[31m`,
    `${E}[1;44m`,
    `${E}[0m`,
    `${E}[7m`,
    `${E}[H`,
    `${E}[2J`,
    `${E}[K`,
    `${E}[3;5H`,
    `${E}[2;5r`,
    `${E}[r`,
    `${E}M`,
    `${E}D`,
    `${E}[L`,
    `${E}[M`,
    `${E}[P`,
    `${E}[2@`,
    `${E}[?1049h`,
    `${E}[?1049l`,
    `${E}[?25l`,
    `${E}[?25h`,
    `${E}[?2004h`,
    `${E}[?1h`,
    `${E}[?1000h`,
    `${E}[?1006h`,
    `${E}(0`,
    `${E}(B`,
    'lqqk',
    `${E}]0;title\u0007`,
    `${E}7`,
    `${E}8`,
    `${E}[s`,
    `${E}[u`,
    `${E}[?6h`,
    `${E}[?6l`,
    `${E}H`,
    `${E}[3g`,
    `${E}[1;20H`,
    '日',
    `${E}[4:3m`,
    `${E}[38;5;200m`,
    `${E}[48;2;1;2;3m`,
    `${E}[?1047h`,
    `${E}[?47l`,
    `${E}c`,
    `${E}[!p`,
    `${E}[20h`,
    `${E}[5 q`,
    'a'.repeat(20),
    `${E}[S`,
    `${E}[4h`,
    `${E}[4l`,
  ),
  fc.string({maxLength: 30}),
);

describe('a redraw', () => {
  it('and what follows look on any terminal as the whole output does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, {maxLength: 60}), fc.array(piece, {maxLength: 20}), async (before, after) => {
        const model = new Model(size, () => undefined);
        const tokens = new VtTokens().push(Buffer.from(before.join('')));
        model.write(tokens, Buffer.concat(tokens.map(({raw}) => raw)));
        const redrawn = plainScreen(size);
        redrawn.write(await model.redraw(0));
        const control = plainScreen(size);
        control.write(before.join(''));
        for (const screen of [redrawn, control]) screen.write(after.join(''));
        expect(await looksOf(redrawn)).toBe(await looksOf(control));
        model.close();
      }),
      {numRuns: Number(process.env['RUNS'] ?? 300)},
    );
  });
});
