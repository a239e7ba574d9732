import type {Duplex} from 'node:stream';
import type {Display, Screen} from '../plugin-api/index.ts';
import {guardedCall} from './guarded-call.ts';
import {pluginError, pluginFailed} from './plugin-errors.ts';

/** A desktop that starts in a box with little CPU takes its time. */
const OPEN_MS = 60_000;
const VIEW_MS = 30_000;
const CLOSE_MS = 20_000;

/** The display behind a door: every call ends in time and rejects with a `BoxyardError` that names the plugin. */
export const guardDisplay = (plugin: string, inner: Display): Display => ({
  open: async (box, size, signal) => {
    const asked = {plugin, call: 'display.open', ms: OPEN_MS, signal, dispose: (late: Screen) => void closeLate(late)};
    const screen = await guardedCall(asked, given => inner.open(box, size, given));
    const issue = wrongScreen(screen);
    if (issue !== undefined) throw pluginFailed(asked, `it returned ${issue}`);
    return guardScreen(plugin, screen);
  },
});

const guardScreen = (plugin: string, screen: Screen): Screen => ({
  protocol: screen.protocol,
  ended: Promise.resolve(screen.ended).then(
    why => String(why),
    (error: unknown) => Promise.reject(pluginError(error, {plugin, call: 'display.open'})),
  ),
  view: async signal => {
    const asked = {plugin, call: 'display.view', ms: VIEW_MS, signal, dispose: (late: Duplex) => void late.destroy()};
    const view = await guardedCall(asked, given => screen.view(given));
    if (typeof view?.pipe !== 'function' || typeof view.write !== 'function') throw pluginFailed(asked, 'it returned no stream');
    return view;
  },
  close: () => guardedCall({plugin, call: 'display.close', ms: CLOSE_MS, signal: new AbortController().signal}, () => screen.close()),
});

const closeLate = (late: Screen): Promise<unknown> =>
  Promise.resolve()
    .then(() => late.close())
    .catch(() => undefined);

const wrongScreen = (value: unknown): string | undefined => {
  if (value === null || typeof value !== 'object') return 'no screen';
  const {protocol, view, close, ended} = value as Record<string, unknown>;
  if (protocol !== 'rfb') return 'a screen of no protocol known here';
  if (typeof view !== 'function' || typeof close !== 'function') return 'a screen without view or close';
  return typeof (ended as {then?: unknown} | undefined)?.then === 'function' ? undefined : 'a screen without its end';
};
