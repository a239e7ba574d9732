import {expect, test} from 'vitest';
import {createStore} from '../../src/dashboard/store.ts';
import {full, happen, now, type} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const screen = (controls: boolean) => ({type: 'screen', job: 'j-ask', note: {is: 'live', controls}}) as const;

test('whose keyboard was taken over is told so, and told when it is back', async () => {
  const typing = happen(type(full(), 'enter').state, screen(false), screen(true)).state;
  expect(typing.mode).toMatchObject({is: 'capture', isTaken: false});
  await using shown = openTestScreen(typing);
  await shown.harness.shows('keys go to the session');
  shown.tell(screen(false));
  await shown.harness.shows('another viewer types now   ctrl-q t type here again');
  shown.tell(screen(true));
  await shown.harness.shows('keys go to the session');
});

test('before a server has given the keyboard nobody is said to have it', () => {
  expect(happen(type(full(), 'enter').state, screen(false)).state.mode).toMatchObject({isTaken: false});
});

test('what is said stays for four seconds, however long ago the clock moved', () => {
  let time = now + 14_000;
  const store = createStore(
    full(),
    () => undefined,
    () => time,
  );
  store.dispatch({type: 'said', text: 'Copied.', isError: false});
  time += 1_000;
  store.dispatch({type: 'ticked', now: time});
  expect(store.getState().isMessageShown).toBe(true);
  time += 4_000;
  store.dispatch({type: 'ticked', now: time});
  expect(store.getState().isMessageShown).toBe(false);
});
