import {duplexPair} from 'node:stream';
import {expect, test} from 'vitest';
import type {Display, Screen} from '@boxyard/core/plugin-api';
import {guardDisplay} from '../../src/plugin-host/guard-display.ts';

const size = {width: 64, height: 64};
const box = {
  exec: () => Promise.reject(new Error('no programs here')),
  connect: () => Promise.reject(new Error('no ports here')),
};
const quiet: Screen = {
  protocol: 'rfb',
  ended: new Promise(() => undefined),
  view: async () => duplexPair()[0],
  close: async () => undefined,
};
const {signal} = new AbortController();
const opened = (screen: unknown) => guardDisplay('odd', {open: async () => screen as Screen}).open(box, size, signal);

test.each([
  ['throws', () => Promise.reject(new Error('boom')), {code: 'PLUGIN_FAILED', message: 'Plugin odd failed in display.open: boom.'}],
  ['returns nothing', async () => undefined, {code: 'PLUGIN_FAILED', message: /no screen/}],
  ['speaks another protocol', async () => ({...quiet, protocol: 'rdp'}), {code: 'PLUGIN_FAILED', message: /no protocol known/}],
  ['has no view', async () => ({...quiet, view: undefined}), {code: 'PLUGIN_FAILED', message: /without view/}],
  ['has no end', async () => ({...quiet, ended: 'soon'}), {code: 'PLUGIN_FAILED', message: /without its end/}],
])('a display that %s is named', async (_what, open: () => Promise<unknown>, {code, message}) => {
  const display = guardDisplay('odd', {open: open as Display['open']});
  const wanted = {code, message: typeof message === 'string' ? message : expect.stringMatching(message)};
  await expect(display.open(box, size, signal)).rejects.toMatchObject(wanted);
});

test('a view that fails, or is none, is named', async () => {
  const failing = await opened({...quiet, view: () => Promise.reject(new Error('boom'))});
  await expect(failing.view(signal)).rejects.toMatchObject({code: 'PLUGIN_FAILED', message: 'Plugin odd failed in display.view: boom.'});
  const empty = await opened({...quiet, view: async () => 'pixels'});
  await expect(empty.view(signal)).rejects.toMatchObject({code: 'PLUGIN_FAILED', message: expect.stringMatching(/no stream/)});
});

test('one that hangs is not waited for when its job is cancelled, and what it opens late is closed', async () => {
  const leaving = new AbortController();
  const late = Promise.withResolvers<Screen>();
  const closed = Promise.withResolvers<void>();
  const hung = guardDisplay('odd', {open: () => late.promise}).open(box, size, leaving.signal);
  leaving.abort(new Error('cancelled'));
  await expect(hung).rejects.toThrow('cancelled');
  late.resolve({...quiet, close: async () => closed.resolve()});
  await closed.promise;
});

test('an end that fails is an error of the plugin’s', async () => {
  const screen = await opened({...quiet, ended: Promise.reject(new Error('boom'))});
  await expect(screen.ended).rejects.toMatchObject({code: 'PLUGIN_FAILED'});
});
