import {expect, onTestFinished, test, vi} from 'vitest';
import {RfbClient} from '@boxyard/core/rfb';
import {hasXvnc, startXvnc, type Xvnc} from '../../../core/test/rfb/xvnc.ts';
import {canvasOn, Grid} from '../../src/screen/cells.ts';
import {rgb} from '../../src/screen/style.ts';
import {openThumbnail, type Thumbnail} from '../../src/screen/thumbnail.ts';

const region = {left: 0, top: 0, columns: 32, rows: 12};

/** A small picture of a real X server's screen, and when it said that it changed. */
async function open(desktop: Xvnc, isAscii = false): Promise<{thumbnail: Thumbnail; changes: number[]; away: (Error | undefined)[]}> {
  const changes: number[] = [];
  const away: (Error | undefined)[] = [];
  const thumbnail = openThumbnail({
    look: async look => RfbClient.open(await desktop.connect(), look),
    isAscii,
    onChange: () => void changes.push(performance.now()),
    onAway: why => void away.push(why),
  });
  onTestFinished(() => thumbnail.close());
  return {thumbnail, changes, away};
}

function painted(thumbnail: Thumbnail): Grid {
  const grid = new Grid(region.columns, region.rows);
  thumbnail.paint(canvasOn(grid, region), region);
  return grid;
}

const patience = {timeout: 20_000, interval: 20};

/** Blue, with a clock that does not stand still. */
const busy = ['-geometry', '200x60+0+0', '-bg', '#0000ff', '-e', 'sh', '-c', 'while :; do date +%N; sleep 0.05; done'] as const;

test.runIf(hasXvnc)('a desktop that never rests is drawn at its pace, and not at all while nobody sees it', async () => {
  await using desktop = await startXvnc();
  desktop.run('xterm', ...busy);
  const {thumbnail, changes} = await open(desktop);
  thumbnail.pace(300);
  await vi.waitFor(() => expect([...painted(thumbnail).backgrounds]).toContain(rgb(0, 0, 255)), patience);
  const from = changes.length;
  await vi.waitFor(() => expect(changes.length).toBeGreaterThan(from + 5), patience);
  const gaps = changes.slice(from + 1).map((at, i) => at - changes[from + i]!);
  expect(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length).toBeGreaterThan(250);
  thumbnail.pace(undefined);
  const unseen = changes.length;
  const {thumbnail: seen, changes: others} = await open(desktop);
  seen.pace(300);
  await vi.waitFor(() => expect(others.length).toBeGreaterThan(4), patience);
  // What was asked for already may have come.
  expect(changes.length - unseen).toBeLessThanOrEqual(1);
  thumbnail.pace(300);
  await vi.waitFor(() => expect(changes.length).toBeGreaterThan(unseen + 2), patience);
});

test.runIf(hasXvnc)('without colours it is letters; of another size it is drawn anew; gone, it stays and says so', async () => {
  const desktop = await startXvnc();
  let isGone = false;
  onTestFinished(async () => void (isGone || (await desktop[Symbol.asyncDispose]())));
  desktop.run('xterm', '-geometry', '200x60+0+0', '-bg', 'white', '-fg', 'white', '-e', 'sleep', '100');
  const {thumbnail, away} = await open(desktop, true);
  thumbnail.pace(100);
  await vi.waitFor(() => expect(painted(thumbnail).chars.join('')).toMatch(/[#%@]{20}/), patience);
  expect(new Set(painted(thumbnail).backgrounds)).toEqual(new Set([-1]));
  const small = new Grid(10, 4);
  thumbnail.paint(canvasOn(small, {left: 0, top: 0, columns: 10, rows: 4}), {left: 0, top: 0, columns: 10, rows: 4});
  expect(small.chars.join('')).toMatch(/[#%@]{8}/);
  expect(painted(thumbnail).chars.join('')).toMatch(/[#%@]{20}/);
  isGone = true;
  await desktop[Symbol.asyncDispose]();
  await vi.waitFor(() => expect(away.at(-1)).toBeInstanceOf(Error), patience);
  expect(painted(thumbnail).chars.join('')).toMatch(/[#%@]{20}/);
});
