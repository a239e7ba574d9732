import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Duplex} from 'node:stream';
import {expect, test} from 'vitest';
import {verifyPlugin, type Report, type VerifyOptions} from '@boxyard/core/conformance';
import type {Display, Engine, Plugin, Reporter, Screen} from '@boxyard/core/plugin-api';
import {createHost, openEngine} from '@boxyard/core/plugin-host';
import processPlugin from '@boxyard/plugins/engines/process';
import goodDisplay from '../../../../examples/templates/display.ts';
import goodReporter from '../../../../examples/templates/reporter.ts';

const ALL_MS = 120_000;

async function tried(options: Pick<VerifyOptions, 'plugin' | 'config'>, engineOf?: (dir: string) => Promise<Engine>): Promise<Report> {
  const stateDir = mkdtempSync(join(tmpdir(), 'bxo-'));
  const engine = await engineOf?.(stateDir);
  try {
    return await verifyPlugin({...options, module: 'seeded', stateDir, engine, signal: new AbortController().signal, caseMs: 40_000});
  } finally {
    await engine?.close?.();
    rmSync(stateDir, {recursive: true, force: true});
  }
}

const failedOf = ({cases}: Report) => cases.filter(({outcome}) => outcome === 'failed').map(({name}) => name);

interface Config {
  readonly url: string;
  readonly origins: readonly string[];
}
type Tell = Reporter['report'];
const post = (url: string, event: unknown, signal?: AbortSignal): Promise<Response> =>
  fetch(url, {method: 'POST', body: JSON.stringify(event), redirect: 'follow', ...(signal === undefined ? {} : {signal})});

/** A reporter that is right but where `change` says otherwise. */
const reporterWith = (change: (right: Tell, url: string) => Tell): Plugin<'reporter', Config> => ({
  ...goodReporter,
  create: config => ({report: change(goodReporter.create(config).report, config.url)}),
});

test.each<{bug: string; found: string; change: (right: Tell, url: string) => Tell}>([
  {
    bug: 'follows redirects',
    found: 'a redirect is not followed',
    change: (right, url) => async (event, signal) => {
      const said = await right(event, signal);
      if (typeof said === 'object' && / 30\d/.test(said.why)) await post(url, event, signal);
      return said;
    },
  },
  {
    bug: 'tries somebody who is gone for ever',
    found: 'a receiver that is gone for good is said to be gone',
    change: right => async (event, signal) => {
      const said = await right(event, signal);
      return said === 'gone' ? {why: 'it answered 410'} : said;
    },
  },
  {
    bug: 'comes again when it likes',
    found: 'a receiver that says when to come again is believed',
    change: right => async (event, signal) => {
      const said = await right(event, signal);
      return typeof said === 'object' ? {why: said.why} : said;
    },
  },
  {
    bug: 'tells everything twice',
    found: 'each event arrives once, in the order in which it was told',
    change: right => async (event, signal) => {
      await right(event, signal);
      return right(event, signal);
    },
  },
  {
    bug: 'takes a refusal for a delivery',
    found: 'a receiver that refuses is a reason, not a delivery and not a rejection',
    change: right => async (event, signal) => {
      const said = await right(event, signal);
      return typeof said === 'object' && / 400/.test(said.why) ? 'delivered' : said;
    },
  },
  {
    bug: 'throws at a line that breaks',
    found: 'a receiver that breaks the line, or is not there, is a reason',
    change: right => async (event, signal) => {
      const said = await right(event, signal);
      if (typeof said === 'object' && said.why.includes('reached') && !signal.aborted) throw new Error(said.why);
      return said;
    },
  },
  {
    bug: 'does not know new types of events',
    found: 'an event of a type that is newer than the plugin is taken',
    change: right => async (event, signal) => (event.type.startsWith('job.') ? right(event, signal) : {why: `unknown type ${event.type}`}),
  },
])('a reporter that $bug fails one case, the one meant for it', {timeout: ALL_MS}, async ({found, change}) => {
  const report = await tried({plugin: reporterWith(change), config: {url: '$RECEIVER/hook', origins: ['$RECEIVER']}});
  expect(failedOf(report)).toEqual([found]);
});

test('a reporter that waits for an answer whatever its signal says fails one case', {timeout: ALL_MS}, async () => {
  const deaf = reporterWith(right => (event, _signal) => right(event, new AbortController().signal));
  const report = await tried({plugin: deaf, config: {url: '$RECEIVER/hook', origins: ['$RECEIVER']}});
  expect(failedOf(report)).toEqual(['a receiver that never answers costs the time that was given and no more']);
});

const processEngine = async (dir: string): Promise<Engine> => {
  const checked = (await processPlugin.config['~standard'].validate({enabled: true})) as {value: unknown};
  const plugin = processPlugin as Plugin<'engine', unknown>;
  return (
    await openEngine(
      plugin,
      checked.value,
      createHost('process', mkdtempSync(join(dir, 'e-')), () => undefined),
    )
  ).engine;
};

const displayWith = (open: Display['open']): Plugin<'display', object> => ({...goodDisplay, create: () => ({open})});
const right = goodDisplay.create();

test.each<{bug: string; found: string | undefined; open: Display['open']}>([
  {bug: 'has no bug', found: undefined, open: right.open},
  {
    bug: 'leaves a program in the box',
    found: 'opened and closed again and again, it leaves no more programs in the box than the first time',
    open: async (box, size, signal) => {
      const screen = await right.open(box, size, signal);
      await box.exec({argv: ['sleep', '300']}, signal);
      return screen;
    },
  },
  {
    bug: 'has one viewer at a time',
    found: 'two viewers look at once, and one that leaves takes nothing from the other',
    open: async (box, size, signal) => {
      const screen = await right.open(box, size, signal);
      let last: Duplex | undefined;
      const view: Screen['view'] = async given => {
        last?.destroy();
        return (last = await screen.view(given));
      };
      return {...screen, view};
    },
  },
  {
    bug: 'does not notice that the box has ended',
    found: 'a box that ends is told by words in `ended`',
    open: async (box, size, signal) => {
      const screen = await right.open(box, size, signal);
      const closed = Promise.withResolvers<string>();
      const close = async (): Promise<void> => screen.close().finally(() => closed.resolve('it was closed'));
      return {...screen, ended: closed.promise, close};
    },
  },
])('a display that $bug fails the case meant for it, and no other', {timeout: ALL_MS}, async ({found, open}) => {
  const report = await tried({plugin: displayWith(open)}, processEngine);
  expect(failedOf(report)).toEqual(found === undefined ? [] : [found]);
});
