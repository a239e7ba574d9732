import {expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {ringText} from '../../src/services/asks.ts';

const asking = (change: object = {}, saying: string | undefined = 'Allow it?') =>
  ({
    id: 'j-1',
    name: 'dev',
    devbox: {id: 'd-1', name: 'web'},
    session: {attention: {is: 'asks', since: 0, outputAt: 0, saying}, title: '', lastLine: '', size: {columns: 80, rows: 24}, viewers: 0},
    ...change,
  }) as unknown as JobView;

test('a session that asks is named with what it says, behind a bell', () => {
  expect(ringText(asking())).toBe('\u0007\u001b]9;web/dev asks: Allow it?\u0007');
  expect(ringText(asking({}, ''))).toBe('\u0007\u001b]9;web/dev asks\u0007');
  expect(ringText(asking({name: undefined, devbox: undefined}))).toBe('\u0007\u001b]9;j-1 asks: Allow it?\u0007');
});

test('what it says can neither end the notification nor fill it', () => {
  const rung = ringText(asking({}, `a\u0007\u001b]0;title\u0007\u001b[2J\nb${'x'.repeat(5_000)}`));
  expect(rung.slice(1, -1)).not.toMatch(/\u0007|\u001b(?!\]9;)|\n/);
  expect(rung.length).toBeLessThan(220);
});
