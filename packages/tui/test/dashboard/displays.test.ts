import {expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {lineOf} from '../../src/dashboard/deeds.ts';
import {displayPanes} from '../../src/dashboard/panes.ts';
import {cursorOf} from '../../src/dashboard/rows.ts';
import type {State} from '../../src/dashboard/state.ts';
import {openTestScreen} from './screen-for-tests.ts';
import {devbox, empty, full, happen, job, now, told, type, whole, worker} from './state-for-tests.ts';

const display = (box: string, fields: Partial<JobView> = {}): JobView =>
  job(`show-${box}`, {
    kind: 'display',
    devbox: {id: `d-${box}`, name: box},
    worker: {id: 'w-laptop', name: 'laptop'},
    spec: {kind: 'display', devbox: `d-${box}`, display: 'vnc', width: 1280, height: 800, idleMs: 900_000} as unknown as JobView['spec'],
    ...fields,
  });

const names = Array.from({length: 10}, (_, i) => `box${i}`);
const desks = (columns = 160, rows = 50): State =>
  type(
    happen(
      empty(columns, rows),
      {type: 'link', status: 'online'},
      told(
        whole('workers', [worker('laptop')]),
        whole(
          'devboxes',
          names.map(name => ({...devbox(name), worker: {id: 'w-laptop', name: 'laptop'}})),
        ),
        whole(
          'jobs',
          names.map(name => display(name)),
        ),
      ),
    ).state,
    'V',
  ).state;
const said = (state: State): string | undefined => (state.isMessageShown ? state.messages.at(-1)?.text : undefined);

test('o opens the desktop of the DevBox under the cursor: a new display, or the one that is open', () => {
  const boxes = type(full(), '2', 'down').state;
  expect(type(boxes, 'o').effects).toEqual([{type: 'open-display', devbox: 'web', job: undefined, isReadonly: false}]);
  const shown = happen(boxes, told({list: 'jobs', items: [display('web')]})).state;
  expect(type(shown, 'o').effects).toEqual([{type: 'open-display', devbox: 'web', job: 'j-show-web', isReadonly: false}]);
});

test('where there is no desktop to look at, o says why and what helps', () => {
  const boxes = type(full(), '2').state;
  expect(said(type(boxes, 'o').state)).toBe('db is stopped: it shows no desktop. u starts it.');
  const away = happen(type(boxes, 'down').state, told({list: 'workers', items: [{...worker('laptop'), presence: 'lost', v: 2}]})).state;
  expect(said(type(away, 'o').state)).toBe('web is on laptop, which is lost. 5 shows the workers.');
  expect(type(away, 'o').effects).toEqual([]);
  const reading = {...type(boxes, 'down').state, isReadOnly: true};
  expect(said(type(reading, 'o').state)).toContain('A display that is open can be looked at; web has none.');
});

test('who may change nothing looks at a display that is open, without control', () => {
  const reading = {...desks(), isReadOnly: true};
  expect(type(reading, 'enter').effects).toEqual([{type: 'open-display', devbox: 'box0', job: 'j-show-box0', isReadonly: true}]);
});

test('a display that was asked for stands among the commands', () => {
  const opened = happen(full(), {type: 'done', line: 'boxyard display web', isError: false}).state;
  expect(opened.commands.at(-1)).toMatchObject({line: 'boxyard display web', outcome: 'done'});
});

test('of what one key did to several, the footer shows one command and how many more; y copies them all', async () => {
  const done = type(desks(90, 30), '*', 'c', 'y').state;
  expect(done.commands).toHaveLength(10);
  await using screen = openTestScreen(done);
  await screen.harness.shows(/\$ boxyard displays close box0 +and 9 more \(@\) +y copies all/);
  const menu = type(done, 'y').state.mode;
  const copied = menu.is === 'menu' ? menu.choices.find(({key}) => key === 'c')?.text : '';
  expect(copied?.split('\n')).toEqual(names.map(name => `boxyard displays close ${name}`));
});

test('displays stand side by side, one picture in two seconds; the cursor goes from one to the other', () => {
  const state = desks();
  const panes = displayPanes(state);
  expect(panes.map(pane => pane.job)).toEqual(names.map(name => `j-show-${name}`));
  expect(new Set(panes.map(({everyMs, isCovered}) => `${everyMs} ${isCovered}`))).toEqual(new Set(['2000 false']));
  for (const {area} of panes) expect(area!.columns * area!.rows).toBeGreaterThan(100);
  expect(cursorOf(type(state, 'right').state)).toBe('j-show-box1');
  expect(cursorOf(type(state, 'right', 'left').state)).toBe('j-show-box0');
  expect(cursorOf(type(state, 'down', 'up').state)).toBe('j-show-box0');
});

test('pictures are not asked for under help, on another page, of what does not run, or while the server is away', () => {
  expect(displayPanes(type(desks(), '?').state).every(pane => pane.isCovered)).toBe(true);
  expect(displayPanes(type(desks(), '3').state)).toEqual([]);
  const waiting = happen(desks(), told({list: 'jobs', items: [display('box0', {state: 'queued', v: 2})]})).state;
  expect(displayPanes(waiting)).toHaveLength(9);
  expect(displayPanes(happen(desks(), {type: 'link', status: 'offline'}).state)).toEqual([]);
});

test('a narrow screen, and one that is heard, has a list without pictures', () => {
  expect(displayPanes(desks(90)).every(pane => pane.area === undefined)).toBe(true);
  const heard = desks();
  expect(displayPanes({...heard, look: {...heard.look, isLinear: true}}).every(pane => pane.area === undefined)).toBe(true);
});

test('c closes a display once it was asked about', () => {
  const asked = type(desks(), 'c').state;
  expect(asked.mode).toMatchObject({is: 'confirm', text: 'Close the display of box0? Whoever looks is sent away; its desktop goes on.'});
  const {effects} = type(asked, 'y');
  expect(effects).toEqual([{type: 'deed', deed: {do: 'displays.close', devbox: 'box0', job: 'j-show-box0'}}]);
  expect(effects.map(effect => effect.type === 'deed' && lineOf(effect.deed))).toEqual(['boxyard displays close box0']);
  expect(type(desks(), ' ', 'c').state.mode).toMatchObject({is: 'confirm'});
});

test('the display beside the list, and on its own page, is a picture; its log is a tab', () => {
  const home = type(desks(), '1').state;
  const shown = happen(home, told({list: 'jobs', items: [], gone: names.slice(1).map(name => `j-show-${name}`)})).state;
  const on = {...shown, memory: {...shown.memory, home: {...shown.memory['home']!, cursor: 'j-show-box0'}}};
  expect(displayPanes(on)).toMatchObject([{job: 'j-show-box0', everyMs: 500}]);
  const page = type(on, 'd').state;
  expect(displayPanes(page)).toHaveLength(1);
  expect(displayPanes(type(page, ']').state)).toEqual([]);
});

test('each says where it is, who looks and who controls, or since when nobody does', async () => {
  const watched = happen(
    desks(240, 60),
    {type: 'watched', job: 'j-show-box0', watchers: {viewers: 2, controller: 'user:anna'}},
    {type: 'watched', job: 'j-show-box1', watchers: {viewers: 0, quietSince: now - 180_000}},
  ).state;
  await using screen = openTestScreen(watched);
  await screen.harness.shows(/2 look, anna controls · laptop · open 1m/);
  await screen.harness.shows(/idle 3m · laptop · open 1m/);
  await screen.harness.shows(/ box0 .* box1 /);
});

test('as a list it says the same', async () => {
  const watched = happen(desks(90, 30), {type: 'watched', job: 'j-show-box0', watchers: {viewers: 2, controller: 'user:anna'}}).state;
  await using screen = openTestScreen(watched);
  await screen.harness.shows(/DEVBOX +STATE +WORKER +VIEWERS +CONTROLS/);
  await screen.harness.shows(/box0 +open +laptop +2 +anna/);
});
