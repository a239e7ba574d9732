import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished, expect, test} from 'vitest';
import type {Paths} from '@boxyard/core/config';
import {keepPlaces, readKept} from '../../src/dashboard/kept.ts';
import {createStore} from '../../src/dashboard/store.ts';
import {empty, full} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const server = empty().server;

function keptAs(text: string): Paths {
  const state = mkdtempSync(join(tmpdir(), 'boxyard-kept-'));
  onTestFinished(() => rmSync(state, {recursive: true, force: true}));
  writeFileSync(join(state, 'dashboard.json'), text, {mode: 0o600});
  return {state} as Paths;
}

test('what was kept is there again, without the marks', () => {
  const paths = keptAs('');
  const store = createStore(full(), () => undefined);
  const end = keepPlaces(paths, store);
  store.dispatch({type: 'key', key: '5'});
  store.dispatch({type: 'key', key: 'S'});
  return new Promise<void>(resolve => setImmediate(resolve)).then(() => {
    end();
    expect(readKept(paths, server)?.memory['workers']).toMatchObject({sort: {isReversed: true}, marks: []});
  });
});

test.each([
  ['no JSON', '{"'],
  ['a list', '[1]'],
  ['null', `{"${server}": null}`],
  ['a page that is a number', `{"${server}": {"home": 5, "jobs": null, "__proto__": {"x": 1}}}`],
])('%s in the file is as if it was not there', (_, text) => {
  expect(readKept(keptAs(text), server)?.memory['home']?.filter ?? '').toBe('');
});

test('whatever stands in the file of places, every page opens', async () => {
  const hostile = {cursor: {}, filter: 5, sort: 'NAME', marks: 7, pane: 9, top: 'x', tab: -1};
  const pages = ['home', 'devboxes', 'jobs', 'workers', 'events', 'grid', 'job', 'devbox', 'worker'];
  const kept = readKept(keptAs(JSON.stringify({[server]: Object.fromEntries(pages.map(page => [page, hostile]))})), server);
  await using screen = openTestScreen({...full(), ...kept});
  for (const key of ['2', '3', '5', '\r', '\u001b[27u', 's', '7', '#', '1']) {
    screen.harness.type(key);
    await screen.settled();
  }
  await screen.harness.shows('asks for you');
});

test('a file that others may read is not read, and none that cannot be written ends the dashboard', async () => {
  const paths = keptAs('{}');
  chmodSync(join(paths.state, 'dashboard.json'), 0o644);
  expect(readKept(paths, server)).toBeUndefined();
  const store = createStore(full(), () => undefined);
  const end = keepPlaces(paths, store);
  store.dispatch({type: 'key', key: 'down'});
  await new Promise(resolve => setImmediate(resolve));
  end();
  expect(store.getState().messages.at(-1)?.text).toContain('dashboard.json');
});
