import {execFileSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {copyChoices} from '../../src/dashboard/actions/copying.ts';
import {createCapture} from '../../src/dashboard/capture.ts';
import {quoted} from '../../src/dashboard/deeds.ts';
import type {Event} from '../../src/dashboard/state.ts';
import {payloads} from '../payloads.ts';
import {devbox, empty, happen, told, type, whole} from './state-for-tests.ts';

test('a paste that never ended in one session does not keep the leader from the next', () => {
  const events: Event[] = [];
  const capture = createCapture(() => 'ctrl-q', {dispatch: event => void events.push(event), type: () => undefined});
  capture.sinkFor('j-one')?.(Buffer.from('\u001b[200~half of a paste'));
  capture.sinkFor('j-one')?.(Buffer.from('\u0011d'));
  expect(events).toEqual([]);
  capture.sinkFor(undefined);
  capture.sinkFor('j-one')?.(Buffer.from('\u0011d'));
  expect(events).toEqual([{type: 'leader', command: 'leave'}]);
});

const hostile = [...payloads.map(({bytes}) => bytes), "it's", 'a\nb', '$(id)`id`', 'back\\slash\t', "\u001b[201~\n' ; id"].map(bytes =>
  bytes.replaceAll('\u0000', ''),
);

test.each(hostile.map(word => [JSON.stringify(word), word]))('%s in a command that is shown is one harmless word of a shell', (_, word) => {
  const text = quoted(word);
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\ufeff]/);
  expect(execFileSync('bash', ['-c', `printf %s ${text}`], {encoding: 'utf8'})).toBe(word);
});

test.each(payloads)('$name in a name is not copied with it', ({bytes}) => {
  const evil = {...devbox('web'), name: `web${bytes}\nid\n`};
  const state = type(happen(empty(), told(whole('devboxes', [evil]))).state, '2').state;
  for (const {text} of copyChoices(happen(state, {type: 'said', text: `x${bytes}`, isError: true}).state))
    expect(text.startsWith('{') ? text.replaceAll('\n', '') : text.replaceAll('\t', '')).not.toMatch(
      /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/,
    );
});
