import assert from 'node:assert/strict';
import type {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {Display, Reach, Screen} from '../plugin-api/index.ts';
import type {DisplayBox, DisplayCase, DisplayLab} from './contract.ts';

const SOON_MS = 5_000;
const OPEN_MS = 30_000;

/** What a viewer of RFB is greeted with: twelve bytes, `RFB 003.008` and a newline. */
async function greeting(view: Duplex): Promise<string> {
  let said = '';
  const late = setTimeout(() => view.destroy(new Error(`no greeting within ${SOON_MS} ms`)), SOON_MS);
  try {
    for await (const bytes of view.iterator({destroyOnReturn: false})) {
      said += Buffer.from(bytes as Uint8Array).toString('latin1');
      if (said.length >= 12) break;
    }
  } finally {
    clearTimeout(late);
  }
  return said;
}

const checkGreeting = async (view: Duplex): Promise<void> => assert.match(await greeting(view), /^RFB 003\.00[378]\n/);

const within = async <T>(what: string, work: Promise<T>, ms = SOON_MS): Promise<T> => {
  const over = new AbortController();
  const late = delay(ms, undefined, {signal: over.signal}).then(() => assert.fail(`${what} within ${ms} ms`));
  late.catch(() => undefined);
  return Promise.race([work, late]).finally(() => over.abort());
};

const opened = async (display: Display, lab: DisplayLab, box: Reach): Promise<Screen> => {
  const screen = await within('the screen opens', display.open(box, lab.size, lab.signal), OPEN_MS);
  assert.equal(screen.protocol, 'rfb');
  return screen;
};

/** How many run when that no longer changes. */
async function settled(box: DisplayBox): Promise<number> {
  for (let [last, since, until] = [-1, Date.now(), Date.now() + 4 * SOON_MS]; ;) {
    const now = await box.processes();
    if (now !== last) [last, since] = [now, Date.now()];
    if (Date.now() - since > 1_000 || Date.now() > until) return now;
    await delay(50);
  }
}

export const displayCases: readonly DisplayCase[] = [
  {
    name: 'a screen opens, and a viewer is greeted in its protocol',
    run: async (display, lab) => {
      const screen = await opened(display, lab, await lab.box());
      const view = await screen.view(lab.signal);
      await checkGreeting(view);
      view.destroy();
      await screen.close();
    },
  },
  {
    name: 'two viewers look at once, and one that leaves takes nothing from the other',
    run: async (display, lab) => {
      const screen = await opened(display, lab, await lab.box());
      const [first, second] = [await screen.view(lab.signal), await screen.view(lab.signal)];
      await checkGreeting(first);
      first.destroy();
      await checkGreeting(second);
      const third = await screen.view(lab.signal);
      await checkGreeting(third);
      for (const view of [second, third]) view.destroy();
      await screen.close();
    },
  },
  {
    name: 'closing twice is fine, ends the screen, and no viewer comes in any more',
    run: async (display, lab) => {
      const screen = await opened(display, lab, await lab.box());
      const view = await screen.view(lab.signal);
      await checkGreeting(view);
      view.on('error', () => undefined).resume();
      const ended = new Promise<void>(resolve => view.once('close', resolve));
      await within('it closes', screen.close());
      await screen.close();
      await within('the view ends', ended);
      assert.equal(typeof (await within('ended resolves', screen.ended)), 'string');
      await assert.rejects(async () => screen.view(lab.signal), 'a view of a screen that is closed');
    },
  },
  {
    // A desktop may outlive its screen: what was begun once is found by the next `open`.
    name: 'opened and closed again and again, it leaves no more programs in the box than the first time',
    run: async (display, lab) => {
      const box = await lab.box();
      const once = async () => (await opened(display, lab, box)).close();
      await once();
      const kept = await settled(box);
      for (let more = 0; more < 3; more += 1) await once();
      for (const until = Date.now() + SOON_MS; (await box.processes()) > kept;) {
        assert.ok(Date.now() < until, `${await box.processes()} processes where there were ${kept}`);
        await delay(50);
      }
    },
  },
  {
    name: 'a box that ends is told by words in `ended`',
    run: async (display, lab) => {
      const box = await lab.box();
      const screen = await opened(display, lab, box);
      await box.stop();
      const why = await within('ended resolves', screen.ended, SOON_MS * 2);
      assert.ok(typeof why === 'string' && why !== '', `it said ${JSON.stringify(why)}`);
      await screen.close();
    },
  },
  {
    name: 'a box in which nothing can be run is a rejection, and one that never answers ends with the signal',
    run: async (display, lab) => {
      const refuse = async (): Promise<never> => {
        throw new Error('no such program');
      };
      await assert.rejects(within('it gives up', display.open({exec: refuse, connect: refuse}, lab.size, lab.signal), OPEN_MS));
      const never = (): Promise<never> => new Promise(() => undefined);
      const signal = AbortSignal.any([lab.signal, AbortSignal.timeout(300)]);
      await assert.rejects(within('it ends with its signal', display.open({exec: never, connect: never}, lab.size, signal)), error => {
        assert.doesNotMatch((error as Error).message, /^it ends with its signal within/);
        return true;
      });
    },
  },
];
