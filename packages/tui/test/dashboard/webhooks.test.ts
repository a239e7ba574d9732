import {expect, test} from 'vitest';
import {placeOf, type State} from '../../src/dashboard/state.ts';
import {openTestScreen} from './screen-for-tests.ts';
import {full, happen, time, told, type, webhook, whole} from './state-for-tests.ts';

const chat = webhook('chat', {state: 'failing', reason: 'It answered 500.', behind: 4, deadLetters: 2});
const start = (): State => happen(full(), told(whole('webhooks', [chat, webhook('log')]))).state;
const on = (name: string, state = start()) => type(state, ':', ...name, 'enter').state;
const deeds = (effects: readonly object[]) => effects.flatMap(effect => ('deed' in effect ? [effect.deed] : []));
const lastSaid = (state: State) => state.messages.at(-1)?.text;
const delivery = {
  event: 'e-1',
  type: 'job.ended',
  at: time,
  ms: 12,
  kind: 'event',
  outcome: 'failed',
  why: 'It answered 500.',
  tries: 3,
} as const;
const letter = {event: 'e-2', type: 'job.lost', seq: '1.2', subject: 'jobs/j-x', time, failingSince: time, at: time, tries: 9, why: 'gone'};
const sent = {type: 'sent', sent: {webhook: 'h-chat', deliveries: [{...delivery, tries: 4}, delivery], letters: [letter]}} as const;
const inside = () => happen(type(on('webhooks'), 'enter').state, sent).state;

test('webhooks show how far behind they are and why one fails, and lead to what they were sent', async () => {
  await using screen = openTestScreen(on('webhooks'));
  await screen.harness.shows(/✖ chat +failing +https:[^ ]+ +4 +2[^]*It answered 500\.[^]*✔ log +active/);
  await using page = openTestScreen(inside());
  await page.harness.shows(/\[deliveries\] +dead letters[^]*✖ 1m +failed +job\.ended +event +12 ms +4 tries +It answered 500\./);
});

test('an event is sent once more from deliveries and from dead letters, and all of these at once', () => {
  expect(deeds(type(inside(), 'j', 'a').effects)).toEqual([{do: 'webhooks.redeliver', webhook: 'chat', event: 'e-1'}]);
  const again = type(inside(), ']', 'a');
  expect(deeds(again.effects)).toEqual([{do: 'webhooks.redeliver', webhook: 'chat', event: 'e-2'}]);
  expect(again.state.commands.at(-1)?.line).toBe('boxyard webhooks redeliver chat e-2');
  expect(deeds(type(on('webhooks'), 'A').effects)).toEqual([{do: 'webhooks.redeliver-dead', webhook: 'chat'}]);
  expect(lastSaid(type(on('webhooks'), 'down', 'A').state)).toBe('log has no dead letters.');
  expect(lastSaid(type(inside(), ']', ']', 'a').state)).toBe('Choose an event in deliveries or dead letters.');
  expect(placeOf(type(inside(), 'enter').state).page).toBe('webhook');
});

test('t tests, o lets it rest, z and u let it go on, the name forgets it', () => {
  expect(deeds(type(on('webhooks'), 't').effects)).toEqual([{do: 'webhooks.test', webhook: 'chat'}]);
  const off = type(on('webhooks'), 'O');
  expect(deeds(off.effects)).toEqual([{do: 'webhooks.disable', webhook: 'chat'}]);
  expect(deeds(type(off.state, 'z').effects)).toEqual([{do: 'webhooks.enable', webhook: 'chat'}]);
  expect(deeds(type(on('webhooks'), 'u').effects)).toEqual([{do: 'webhooks.enable', webhook: 'chat'}]);
  expect(lastSaid(type(on('webhooks'), 'down', 'u').state)).toBe('log is active.');
  expect(deeds(type(on('webhooks'), 'ctrl-x', ...'chat', 'enter').effects)).toEqual([{do: 'webhooks.remove', webhook: 'chat'}]);
});

test('who may not see webhooks is told so', async () => {
  const none = happen(full(), told(whole('webhooks', [])), {type: 'who', who: {access: 'member'} as never}).state;
  await using screen = openTestScreen(on('webhooks', none));
  await screen.harness.shows('it takes an admin’s');
});
