import assert from 'node:assert/strict';
import {setTimeout as delay} from 'node:timers/promises';
import type {BoxyardEvent, Reporter} from '../plugin-api/index.ts';
import type {Answer, Receiver, ReporterCase, ReporterLab} from './contract.ts';

type Reported = Awaited<ReturnType<Reporter['report']>> | 'late' | {readonly rejected: string};

const usualMs = 10_000;
/** How long a call may go on after its signal aborted. */
const SOON_MS = 6_000;

/** What came of one call that had so long. */
async function told(lab: ReporterLab, reporter: Reporter, event: BoxyardEvent, ms = usualMs): Promise<Reported> {
  const over = new AbortController();
  const late = delay(ms + SOON_MS, 'late' as const, {signal: over.signal});
  late.catch(() => undefined);
  const asked = Promise.resolve()
    .then(() => reporter.report(event, AbortSignal.any([lab.signal, AbortSignal.timeout(ms)])))
    .catch((error: unknown) => ({rejected: error instanceof Error ? error.message : String(error)}));
  return Promise.race([asked, late]).finally(() => over.abort());
}

const isRefusal = (said: Reported): said is {readonly why: string; readonly retryInMs?: number} =>
  typeof said === 'object' && 'why' in said && said.why !== '';

const checkRefusal = (said: Reported): void =>
  assert.ok(isRefusal(said), `expected a reason why it was not delivered, got ${JSON.stringify(said)}`);

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

/** One event told to a receiver that answers so. */
const toldTo = async (lab: ReporterLab, answer: Answer, ms?: number): Promise<{readonly said: Reported; readonly receiver: Receiver}> => {
  const receiver = await lab.receive(answer);
  return {said: await told(lab, await lab.open(receiver), lab.event(), ms), receiver};
};

const anywhere: readonly ReporterCase[] = [
  {
    name: 'an event is taken, and taken again when it comes again',
    needsReceiver: false,
    run: async lab => {
      const reporter = await lab.open();
      const event = lab.event();
      assert.equal(await told(lab, reporter, event), 'delivered');
      assert.equal(await told(lab, reporter, event), 'delivered');
    },
  },
  {
    name: 'an event of a type that is newer than the plugin is taken',
    needsReceiver: false,
    run: async lab => {
      const event = lab.event({type: 'galaxy.collided', subject: 'galaxies/g-1', data: {with: ['another', 1, null, {deep: true}]}});
      assert.equal(await told(lab, await lab.open(), event), 'delivered');
    },
  },
  {
    name: 'an event with much data, and with text that a terminal would obey, is taken',
    needsReceiver: false,
    run: async lab => {
      const reporter = await lab.open();
      assert.equal(await told(lab, reporter, lab.event({data: {log: 'x'.repeat(200_000)}})), 'delivered');
      const strange = '\u001b]0;TITLE\u0007\u001b[2J"\'`<script>&@everyone\n\u202e\u0000\ud83d';
      assert.equal(await told(lab, reporter, lab.event({subject: `jobs/${strange}`, data: {name: strange, error: null}})), 'delivered');
    },
  },
  {
    name: 'a call whose signal has aborted already ends at once',
    needsReceiver: false,
    run: async lab => {
      const reporter = await lab.open();
      const asked = Promise.resolve()
        .then(() => reporter.report(lab.event(), AbortSignal.abort(new Error('out of time'))))
        .catch(() => 'rejected');
      assert.notEqual(await Promise.race([asked, delay(SOON_MS, 'late', {ref: false})]), 'late');
    },
  },
];

const withReceiver: readonly ReporterCase[] = [
  {
    name: 'each event arrives once, in the order in which it was told',
    needsReceiver: true,
    run: async lab => {
      const receiver = await lab.receive();
      const reporter = await lab.open(receiver);
      for (let count = 1; count <= 5; count += 1) {
        assert.equal(await told(lab, reporter, lab.event()), 'delivered');
        assert.equal(receiver.received.length, count, 'requests that arrived');
        assert.notEqual(receiver.received.at(-1)?.body, '', 'what was sent is empty');
      }
    },
  },
  {
    name: 'any answer of the 2xx means delivered',
    needsReceiver: true,
    run: async lab => {
      for (const code of [200, 201, 202, 204]) assert.equal((await toldTo(lab, status(code))).said, 'delivered', `after ${code}`);
    },
  },
  {
    name: 'a receiver that refuses is a reason, not a delivery and not a rejection',
    needsReceiver: true,
    run: async lab => {
      for (const code of [400, 403, 500, 502]) checkRefusal((await toldTo(lab, status(code))).said);
    },
  },
  {
    name: 'a receiver that is gone for good is said to be gone',
    needsReceiver: true,
    run: async lab => assert.equal((await toldTo(lab, status(410))).said, 'gone'),
  },
  {
    name: 'a receiver that says when to come again is believed',
    needsReceiver: true,
    run: async lab => {
      for (const code of [429, 503]) {
        const {said} = await toldTo(lab, status(code, {'retry-after': '7'}));
        checkRefusal(said);
        assert.equal(isRefusal(said) && said.retryInMs, 7_000, `after ${code} with Retry-After: 7`);
      }
    },
  },
  {
    name: 'a receiver that breaks the line, or is not there, is a reason',
    needsReceiver: true,
    run: async lab => {
      checkRefusal((await toldTo(lab, (_request, response) => void response.destroy())).said);
      checkRefusal((await toldTo(lab, (_request, response) => void response.socket?.end('nonsense\r\n\r\n'))).said);
      checkRefusal(await told(lab, await lab.open({origin: 'http://127.0.0.1:1', received: []}), lab.event()));
    },
  },
  {
    name: 'a receiver that never answers costs the time that was given and no more',
    needsReceiver: true,
    run: async lab => {
      const {said} = await toldTo(lab, () => undefined, 500);
      assert.ok(said !== 'late' && said !== 'delivered', `it said ${JSON.stringify(said)}`);
    },
  },
  {
    name: 'an answer without end costs the time that was given and no more',
    needsReceiver: true,
    run: async lab => {
      const endless: Answer = (_request, response) => {
        response.writeHead(200);
        const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), () => setImmediate(more)));
        more();
      };
      assert.notEqual((await toldTo(lab, endless, 1_000)).said, 'late');
    },
  },
  {
    name: 'a redirect is not followed',
    needsReceiver: true,
    run: async lab => {
      const elsewhere = await lab.receive();
      for (const code of [301, 302, 307, 308]) checkRefusal((await toldTo(lab, status(code, {location: elsewhere.origin}))).said);
      assert.equal(elsewhere.received.length, 0, 'requests that arrived elsewhere');
    },
  },
];

export const reporterCases: readonly ReporterCase[] = [...anywhere, ...withReceiver];
