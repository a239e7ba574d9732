import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createClient, type Client} from '@boxyard/core/client';
import {clientOf} from '../faults/lab/terminal-viewer.ts';
import {Chromium, hasChromium, type Tab} from './chromium.ts';
import {canvasOf, countIn} from './desktop-picture.ts';
import {engines, hasImage, killPart, Up, waitFor} from './up.ts';

const image = 'localhost/vnc:test';
const here: string[] = [];
for (const engine of await engines()) {
  if (engine === 'process' || !hasChromium) continue;
  if (await hasImage(engine, image)) here.push(engine);
  else console.log(`skipped: ${engine} has no ${image}`);
}

let up: Up;
let client: Client;
let chromium: Chromium;
const boxOn = (engine: string) => `seen-${engine}`;

beforeAll(async () => {
  if (here.length === 0) return;
  [up, chromium] = await Promise.all([Up.open(), Chromium.open()]);
  client = clientOf(up.api);
  for (const engine of here) await up.ok('devboxes', 'create', boxOn(engine), '--engine', engine, '--image', image, '--network', 'none');
});
afterAll(async () => {
  client?.close();
  await chromium?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
});

const linkOf = async (box: string, ...flags: readonly string[]) =>
  (await up.json<{url: string}>('display', box, '--browser', ...flags)).url;

async function shot(box: string): Promise<Buffer> {
  const file = join(up.path, `${box}.png`);
  await up.ok('display', 'shot', box, '-o', file);
  return readFileSync(file);
}

/** The xterm is in the corner, and has the keyboard while the pointer is over it. */
const intoWindow = (tab: Tab) => tab.click('canvas', 0.2);

/** Makes the xterm's background this colour, which is seen by any eye. Without quotes: a line that came out wrong ends as well. */
const paint = (colour: string) => `printf \\\\033]11\\;${colour}\\\\007\n`;

/** On a busy machine a key may be held for so long that it repeats itself: then the line is typed once more. */
async function paints(tab: Tab, box: string, colour: string, rgb: readonly [number, number, number]): Promise<void> {
  for (let again = 3; ; again -= 1) {
    await tab.type(paint(colour));
    const isSeen = waitFor(async () => countIn(await shot(box), ...rgb) > 100_000, {within: 10_000, what: `the window is ${colour}`});
    const error = await isSeen.then(
      () => undefined,
      (late: unknown) => late,
    );
    if (error === undefined) return;
    if (again === 0) throw error;
  }
}

/** The canvas has every pixel as a picture that was taken past the browser has it. */
async function seesWhatIsThere(tab: Tab, box: string): Promise<Buffer> {
  let taken = await shot(box);
  await waitFor(
    async () => {
      const seen = await tab.canvas();
      const isSame = JSON.stringify(seen) === JSON.stringify(canvasOf(taken));
      if (!isSame) taken = await shot(box);
      return isSame;
    },
    {within: 40_000, what: 'the canvas is the desktop'},
  );
  return taken;
}

/** Nothing was forbidden, nothing failed, nobody else was asked, and the ticket is in no address. */
async function isClean(tab: Tab, ticket: string): Promise<void> {
  expect(await tab.evaluate('window.forbidden')).toEqual([]);
  expect(tab.complaints).toEqual([]);
  const {origin} = new URL(up.api.url);
  expect(tab.asked.filter(url => !url.startsWith(origin) && !url.startsWith('data:'))).toEqual([]);
  expect(tab.asked.join()).not.toContain(ticket);
  expect(await tab.evaluate('location.href')).toBe(`${origin}/display`);
  const history = await tab.ask<{entries: {url: string}[]}>('Page.getNavigationHistory');
  expect(history.entries.map(entry => entry.url).join()).not.toContain(ticket);
}

describe.each(here)('on %s, without a network, in Chromium', engine => {
  const box = boxOn(engine);

  test('the page shows every pixel of the desktop, a key that is typed there arrives, and the link works once', async () => {
    const url = await linkOf(box);
    const tab = await chromium.visit(url);
    await tab.shows(/You control it\./);
    await tab.shows(new RegExp(box));
    await waitFor(async () => countIn(await shot(box), 255, 255, 255) > 100_000, {within: 30_000, what: 'the desktop has a window'});
    await seesWhatIsThere(tab, box);
    await intoWindow(tab);
    await paints(tab, box, '#00ff00', [0, 255, 0]);
    await seesWhatIsThere(tab, box);
    await isClean(tab, url.split('.').at(-1)!);
    const second = await chromium.visit(url);
    const said = await second.shows(/not shown/);
    expect(said).toContain('This link was used before, and works once.');
    expect(said).toContain(`boxyard display ${box} --browser`);
    await tab.shows(/You control it\./);
  });

  test('of a link that only looks no key arrives; another viewer’s do, and are seen', async () => {
    const looker = await chromium.visit(await linkOf(box, '--read-only'));
    await looker.shows(/Looking on\./);
    await intoWindow(looker);
    await looker.type(paint('#ff0000'));
    const typist = await chromium.visit(await linkOf(box));
    await typist.shows(/Another viewer controls it/);
    await typist.click('#take');
    await typist.shows(/You control it/);
    await intoWindow(typist);
    await paints(typist, box, '#0000ff', [0, 0, 255]);
    const seen = await seesWhatIsThere(looker, box);
    expect(countIn(seen, 255, 0, 0)).toBe(0);
  });

  test('a display that is closed, and a box that is removed, end the page, which says how to look again', async () => {
    const tab = await chromium.visit(await linkOf(box));
    await tab.shows(/control/);
    await up.ok('displays', 'close', box);
    expect(await tab.shows(/was closed/)).toContain(`boxyard display ${box} --browser`);
    const again = await chromium.visit(await linkOf(box));
    await again.shows(/You control it/);
    await up.ok('devboxes', 'stop', box);
    await again.shows(/display is over|was closed/);
    await up.ok('devboxes', 'start', box);
  });
});

test.runIf(here.length > 0)('the page comes back by itself after its agent, and after its server, was killed', async () => {
  const box = boxOn(here[0]!);
  const tab = await chromium.visit(await linkOf(box));
  await tab.shows(/control it/);
  for (const part of [/agent\.js|agent-main/, /dist\/server\.js|server-main/]) {
    const before = tab.sockets;
    await killPart(up, part);
    await waitFor(() => tab.sockets > before, {within: 30_000, what: 'the page comes again'});
    await tab.shows(/You control it/, 60_000);
    await seesWhatIsThere(tab, box);
  }
  expect(await tab.evaluate('window.forbidden')).toEqual([]);
});

test.runIf(here.length > 0)('the end of the token is the end of the page', async () => {
  const {id} = await client.devboxesDisplay({devbox: boxOn(here[0]!), body: {}});
  const made = await client.tokensCreate({body: {name: 'short', access: 'viewer'}});
  const short = createClient({token: made.token!});
  const {path} = await short.jobsDisplayTicket({job: id, body: {}});
  short.close();
  const tab = await chromium.visit(new URL(path, up.api.url).href);
  await tab.shows(/Looking on/);
  await client.tokensRevoke({token: made.id});
  await tab.shows(/The token it was opened with has ended/, 10_000);
});

test.runIf(here.length > 0)('an address that is not whole shows what to type', async () => {
  const tab = await chromium.visit(new URL('/display', up.api.url).href);
  expect(await tab.shows(/nothing to show/)).toContain('boxyard display DEVBOX --browser');
});
