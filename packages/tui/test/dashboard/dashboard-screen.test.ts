import {expect, test} from 'vitest';
import {layout} from '../../src/dashboard/layout.ts';
import {footerText, keymap} from '../../src/dashboard/keymap.ts';
import {payloads} from '../payloads.ts';
import {empty, full, job, worker} from './state-for-tests.ts';
import {openTestScreen} from './screen-for-tests.tsx';

test('shows workers with their figures, DevBoxes, jobs and the log of the selected one', async () => {
  await using screen = openTestScreen(full());
  screen.store.dispatch({type: 'log', job: 'j-one', text: 'hello from the job\n'});
  await screen.shows('hello from the job');
  const text = (await screen.lines()).join('\n');
  expect(text).toMatch(/laptop +ready +12% +2\.0 GiB of 8\.0 GiB +75 GiB free +1 +0 +1m ago/);
  expect(text).toMatch(/● +web +running/);
  expect(text).toMatch(/✔ +j-two +run +succeeded/);
  expect(text).toContain('r run');
});

test.each([
  [60, 10],
  [80, 24],
  [120, 40],
  [200, 60],
])('fits %i×%i exactly, whatever it shows', async (columns, rows) => {
  await using screen = openTestScreen(full(columns, rows));
  await screen.shows('Boxyard');
  expect(await screen.lines()).toHaveLength(rows);
  expect((await screen.lines())[0]).toContain('online');
  expect((await screen.lines())[rows - 1]).toContain('r run');
  expect(screen.bytes()).not.toMatch(/\u001b\[[23]J/);
});

test('heights of the panes add up to the body', () => {
  for (const rows of [12, 20, 24, 40, 61]) {
    const heights = layout(full(120, rows)).map(area => area.height);
    expect(heights.reduce((sum, height) => sum + height, 0)).toBe(rows - 2);
  }
});

test('help is drawn from the keymap', async () => {
  await using screen = openTestScreen(full());
  screen.type('?');
  await screen.shows('previous pane');
  const text = (await screen.lines()).join('\n');
  for (const binding of keymap) expect(text).toContain(binding.title);
});

test('a command typed at once, with its enter, is understood', async () => {
  await using screen = openTestScreen(full());
  screen.type(':workers\r');
  await screen.shows(/^(?![^]*Jobs 2)[^]*Workers 2/);
});

test('stale data is marked while the server is away', async () => {
  await using screen = openTestScreen(full());
  screen.store.dispatch({type: 'link', status: 'offline', why: 'ECONNREFUSED'});
  await screen.shows('what you see is old');
  await screen.shows('laptop');
});

test('why a server is away, or is another one, is said in full on a small screen', async () => {
  await using screen = openTestScreen(full());
  const why = 'The server at 192.0.2.2:4392 is not the one that made this token.';
  screen.store.dispatch({type: 'link', status: 'offline', why});
  await screen.shows(new RegExp(why.replaceAll('.', '\\.')));
});

test('the keys of the footer fit into 80 columns, the way out included', () => {
  expect(footerText().length).toBeLessThanOrEqual(80);
  expect(footerText()).toContain('q quit');
});

test('a screen too small says so', async () => {
  await using screen = openTestScreen(empty(40, 8));
  await screen.shows('at least 60×10');
});

test('only what is visible is drawn of ten thousand jobs', async () => {
  await using screen = openTestScreen(full());
  screen.store.dispatch({type: 'jobs', items: Array.from({length: 10_000}, (_, i) => job(`n${i}`))});
  await screen.shows('Jobs 10000');
  expect(screen.bytes().length).toBeLessThan(100_000);
});

test.each(payloads)('$name in a field of others reaches no terminal', async ({bytes}) => {
  await using screen = openTestScreen(full());
  screen.store.dispatch({type: 'workers', items: [worker(`evil${bytes}`)]});
  screen.store.dispatch({type: 'said', text: `evil${bytes}`, isError: true});
  await screen.shows('evil');
  const known = screen.bytes().replaceAll(/\u001b\[\??[0-9;]*[A-Za-z]/g, '');
  expect(known).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e\u200b]/);
  expect(screen.bytes()).not.toMatch(/\u001b\[(6n|c|>q|\?1003h)/);
});
