import {expect, test} from 'vitest';
import {actionsOf} from '../../src/dashboard/actions/registry.ts';
import {bodyArea, homeAreas, tiles} from '../../src/dashboard/layout.ts';
import {textWidth} from '../../src/output/width.ts';
import {payloads} from '../payloads.ts';
import {devbox, empty, full, happen, now, job, session, told, whole, worker} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.ts';

const sizes: readonly (readonly [number, number])[] = [
  [60, 16],
  [80, 24],
  [120, 40],
  [200, 60],
  [300, 100],
];

test('Home shows what asks first, what goes on at each worker, and what is known of the one under the cursor', async () => {
  await using screen = openTestScreen(full());
  await screen.harness.shows('asks for you');
  const text = await screen.text();
  expect(text).toMatch(/◆ web\/shell main +Go on\? +1m/);
  expect(text).toMatch(/○ db +stopped/);
  expect(text).toMatch(/web\/shell +enter types here/);
  expect(text).toContain('n new DevBox');
});

test('empty Home offers a DevBox, a run and an invitation', async () => {
  await using screen = openTestScreen(
    happen(empty(), told(whole('workers', [worker('nas')]), whole('devboxes', []), whole('jobs', []))).state,
  );
  await screen.harness.shows('Nothing goes on here yet');
  expect((await screen.text()).match(/^ {3}[a-z] {2}/gm)).toEqual(['   n  ', '   r  ', '   i  ']);
});

test.each(sizes)('every page fits %i×%i exactly, and is drawn by the rules', async (columns, rows) => {
  await using screen = openTestScreen(full(columns, rows));
  for (const keys of [
    '',
    '2',
    '3',
    '4',
    '5',
    '6',
    '7',
    '8',
    '9',
    '0',
    '\r',
    ':roles\r',
    '\r',
    ':webhooks\r',
    '\r',
    '@',
    '#',
    '?',
    '\u001b[27u',
    '\u0010',
    '\u001b[27u',
    'q',
    'n',
    '\u001b[27u',
    'y',
    '\u001b[27u',
    'x',
    '\u001b[27u',
  ]) {
    screen.harness.type(keys);
    await screen.settled();
    const lines = await screen.harness.lines();
    expect(lines).toHaveLength(rows);
    expect(lines[0]).toContain('Boxyard');
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(columns);
  }
  screen.harness.obeys();
});

test('one write for a frame, nothing where nothing changes, little where little does, a page for a page', async () => {
  await using screen = openTestScreen(full(200, 60));
  await screen.settled();
  screen.harness.forget();
  screen.tell({type: 'ticked', now: full().now});
  await screen.settled();
  expect(screen.harness.frames()).toEqual([]);
  screen.tell(told({list: 'devboxes', items: [{...devbox('db', 'failed'), worker: {id: 'w-nas', name: 'nas'}}]}));
  await screen.settled();
  screen.harness.forget();
  screen.tell(told({list: 'workers', items: [{...worker('nas'), status: 'cordoned'}]}));
  screen.harness.type('5');
  await screen.settled();
  screen.harness.obeys(25_000);
  screen.harness.forget();
  screen.tell(told({list: 'workers', items: [{...worker('nas'), heartbeat: {...worker('nas').heartbeat!, cpuUsage: 99}}]}));
  await screen.settled();
  expect(screen.harness.frames()).toHaveLength(1);
  screen.harness.obeys(200);
});

test('only what is visible is drawn of ten thousand DevBoxes', async () => {
  await using screen = openTestScreen(full());
  screen.tell(
    told(
      whole(
        'devboxes',
        Array.from({length: 10_000}, (_, i) => devbox(`n${i}`)),
      ),
    ),
  );
  screen.harness.type('2');
  await screen.harness.shows('DevBoxes 10000');
  expect(screen.harness.bytes().length).toBeLessThan(60_000);
  screen.harness.type('G');
  await screen.harness.shows('n9999');
});

test('help is drawn from the registry, and can be searched', async () => {
  await using screen = openTestScreen(full(200, 80));
  const actions = actionsOf(full(200, 80));
  screen.harness.type('?');
  await screen.harness.shows('Help');
  const text = await screen.text();
  for (const action of actions) expect(text).toContain(action.title);
  screen.harness.type('mouse');
  await screen.harness.shows(/^(?![^]*snapshot)[^]*mouse on or off/);
});

test('keys typed at once, with their enter, are understood', async () => {
  await using screen = openTestScreen(full());
  screen.harness.type(':workers\r');
  await screen.harness.shows('Workers 2');
});

test('stale data is marked with its age while the server is away', async () => {
  await using screen = openTestScreen(full());
  screen.tell({type: 'link', status: 'offline', why: 'The server at 192.0.2.2:4392 is not the one that made this token.'});
  screen.tell({type: 'ticked', now: full().now + 12_000});
  await screen.harness.shows('offline for 12s: what you see is as old');
  await screen.harness.shows('not the one that made this token');
  await screen.harness.shows('web/shell');
});

test('a screen too small says so, and comes back when it grows', async () => {
  await using screen = openTestScreen(full(40, 8));
  await screen.harness.shows('at least 60×16');
  screen.harness.resize(100, 30);
  await screen.harness.shows('asks for you');
  screen.harness.resize(80, 24);
  await screen.harness.shows('asks for you');
  screen.harness.obeys();
});

test('a storm of sizes leaves no garbage', async () => {
  await using screen = openTestScreen(full());
  for (let i = 0; i < 40; i += 1) screen.harness.resize(80 + ((i * 37) % 150), 20 + ((i * 13) % 50));
  screen.harness.resize(120, 40);
  await screen.settled();
  await screen.harness.shows('asks for you');
  await using fresh = openTestScreen(full());
  await fresh.settled();
  await expect.poll(() => screen.text()).toBe(await fresh.text());
});

test.each(payloads)('$name in a field of others reaches no terminal', async ({bytes}) => {
  await using screen = openTestScreen(full());
  const evil = `evil${bytes}`;
  screen.tell(
    told(
      whole('workers', [{...worker('nas'), name: evil}]),
      whole('jobs', [session('ask', 'asks', {name: evil, session: {...session('ask', 'asks').session!, lastLine: evil, title: evil}})]),
    ),
  );
  screen.tell({type: 'said', text: evil, isError: true});
  await screen.harness.shows('evil');
  screen.harness.type('5');
  await screen.harness.shows(/evil[^]*evil/);
  screen.harness.obeys();
  expect(
    screen.harness
      .frames()
      .join('')
      .replaceAll(/\u001b\[[0-9;:?]*[HmhlJK]/g, ''),
  ).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/);
});

test('wide characters of others keep the columns where they are', async () => {
  await using screen = openTestScreen(full());
  screen.tell(
    told(
      whole('workers', [
        {...worker('nas'), name: '东京サーバー'},
        {...worker('box'), name: '🚀 launch'},
      ]),
    ),
  );
  screen.harness.type('5');
  await screen.harness.shows('东京');
  const rows = (await screen.harness.cells()).map(row => row.map(cell => cell.text || ' '));
  const at = rows.map(row => row.findIndex((_, i) => row.slice(i, i + 5).join('') === 'ready')).filter(column => column >= 0);
  expect(at).toHaveLength(2);
  expect(new Set(at).size).toBe(1);
});

test('without colours the cursor is still seen; with ASCII there is nothing else', async () => {
  await using plain = openTestScreen(full(), {env: {NO_COLOR: '1'}});
  await plain.harness.shows('asks for you');
  const cells = (await plain.harness.cells()).flat();
  expect(cells.every(cell => cell.foreground === -1 && cell.background === -1)).toBe(true);
  expect(cells.some(cell => cell.inverse)).toBe(true);
  await using ascii = openTestScreen(full(), {isAscii: true});
  await ascii.harness.shows('asks for you');
  expect(await ascii.text()).toMatch(/^[\x20-\x7e\n]*$/);
});

test('a click chooses what it is on', async () => {
  await using screen = openTestScreen(full());
  await screen.harness.shows('web/top');
  const row = (await screen.harness.lines()).findIndex(line => line.includes('web/top'));
  screen.harness.type(`\u001b[<0;5;${row + 1}M`);
  await screen.harness.shows(/│ web\/top +enter types here/);
});

test('tiles cover their page without overlapping, however many', () => {
  const body = bodyArea(full(200, 60));
  for (let count = 1; count <= 16; count += 1) {
    const areas = tiles(body, count);
    expect(areas).toHaveLength(count);
    const cells = new Set(
      areas.flatMap(({left, top, columns, rows}) =>
        Array.from({length: columns * rows}, (_, i) => `${left + (i % columns)},${top + Math.floor(i / columns)}`),
      ),
    );
    expect(cells.size).toBe(areas.reduce((sum, {columns, rows}) => sum + columns * rows, 0));
    expect(Math.max(...areas.map(area => area.left + area.columns))).toBeLessThanOrEqual(200);
  }
});

test('Home has two panes where there is room, and one on a narrow screen', () => {
  const wide = homeAreas(full(120, 40));
  expect(wide.list!.columns + 1 + wide.side!.columns).toBe(120);
  expect(homeAreas(full(99, 40)).side).toBeUndefined();
});

test('the log of a job: wrapped, searched, scrolled back', async () => {
  await using screen = openTestScreen(happen(full(), told(whole('jobs', [job('one')]))).state);
  const long = `start ${'x'.repeat(300)} the-end`;
  screen.tell({
    type: 'log',
    job: 'j-one',
    text: `first\nneedle here\n${Array.from({length: 80}, (_, i) => `line ${i}\n`).join('')}${long}\n`,
  });
  await screen.harness.shows('line 79');
  expect(await screen.text()).not.toContain('the-end');
  screen.harness.type('w');
  await screen.harness.shows('the-end');
  screen.harness.type('w\u0012needle\r');
  await screen.harness.shows('needle here');
  await screen.harness.shows('1 with “needle”');
  screen.harness.type('\tG');
  await screen.harness.shows('start xxx');
});

test('for who hears the screen all lines of a full page are there, the header too', async () => {
  const boxes = Array.from({length: 60}, (_, i) => devbox(`box-${i}`));
  const initial = happen(full(80, 24), told(whole('devboxes', boxes))).state;
  await using screen = openTestScreen({...initial, look: {...initial.look, isLinear: true}}, {isForScreenReader: true});
  for (const keys of ['', '2', '3', '5']) {
    screen.harness.type(keys);
    await screen.settled();
    await screen.harness.shows(/Boxyard[^]*q quit/);
  }
});

test('for who hears the screen there are words for marks, one pane, and nothing drawn', async () => {
  const initial = full();
  await using screen = openTestScreen({...initial, look: {...initial.look, isLinear: true}}, {isForScreenReader: true});
  await screen.harness.shows('> asks web/shell');
  const text = await screen.text();
  expect(text).toMatch(/waiting db, stopped/);
  expect(text).not.toMatch(/[│●○◆✖✔▲]/);
});

test.each([60, 80, 120])('what is heard is one line for each row also where it is long, with its age, at %i columns', async columns => {
  const long = {...session('ask', 'asks'), name: 'a-terminal-with-a-long-name'};
  const initial = {...full(columns, 24), look: {...full().look, isLinear: true}};
  const doing = 'what it does takes many words '.repeat(9);
  const state = happen(
    initial,
    told({
      list: 'jobs',
      items: [{...long, session: {...long.session!, attention: {is: 'asks', since: now, outputAt: now, saying: doing}}, v: 2}],
    }),
  ).state;
  await using screen = openTestScreen(state, {isForScreenReader: true});
  await screen.harness.shows('> asks web/a-terminal');
  const row = (await screen.harness.lines()).find(line => line.includes('asks web/a-terminal'))!;
  expect(row.trimEnd()).toMatch(/now$/);
  screen.harness.type(' 2 ');
  await screen.harness.shows('marked');
  expect((await screen.harness.lines()).filter(line => line.startsWith('  ') || line.startsWith('> ')).length).toBeLessThanOrEqual(4);
});
