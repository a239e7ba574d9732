import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Readable, Writable} from 'node:stream';
import {promisify} from 'node:util';
import {waitFor} from './up.ts';

const found = await promisify(execFile)('sh', [
  '-c',
  'command -v chromium || command -v chromium-browser || command -v google-chrome',
]).then(
  ({stdout}) => stdout.trim(),
  () => (console.log('skipped: no Chromium here'), undefined),
);
export const hasChromium = found !== undefined;

type Params = Readonly<Record<string, unknown>>;
interface Event {
  readonly method: string;
  readonly params: Record<string, never>;
  readonly sessionId?: string;
}

/** A real Chromium without a window and with a profile of its own, which is told what to do over a pipe (DevTools protocol). */
export class Chromium implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Set<(event: Event) => void>();
  #next = 1;
  #rest = '';

  private constructor(profile: string) {
    this.#profile = profile;
    const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--mute-audio'];
    const small = ['--disable-gpu', '--disable-dev-shm-usage', '--disable-extensions', '--window-size=1400,950'];
    const args = ['--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...asRoot, ...quiet, ...small, 'about:blank'];
    this.#child = spawn(found!, args, {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true});
    const out = this.#child.stdio[4] as Readable;
    out.setEncoding('utf8').on('data', (part: string) => this.#take(part));
    (this.#child.stdio[3] as Writable).on('error', () => undefined);
    this.#child.once('exit', () => this.#waiting.forEach(({reject}) => reject(new Error('Chromium ended'))));
  }

  static async open(): Promise<Chromium> {
    const chromium = new Chromium(mkdtempSync(join(tmpdir(), 'boxyard-chromium-')));
    await chromium.ask('Browser.getVersion');
    return chromium;
  }

  ask<T = unknown>(method: string, params: Params = {}, sessionId?: string): Promise<T> {
    const id = this.#next++;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({id, method, params, sessionId})}\0`);
    return answer.promise as Promise<T>;
  }

  listen(listener: (event: Event) => void): void {
    this.#listeners.add(listener);
  }

  /** A tab in a context of its own, at this address. */
  async visit(url: string): Promise<Tab> {
    const {browserContextId} = await this.ask<{browserContextId: string}>('Target.createBrowserContext');
    const {targetId} = await this.ask<{targetId: string}>('Target.createTarget', {url: 'about:blank', browserContextId});
    const {sessionId} = await this.ask<{sessionId: string}>('Target.attachToTarget', {targetId, flatten: true});
    const tab = new Tab(this, sessionId);
    await tab.open(url);
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise(resolve => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      process.kill(-this.#child.pid!, 'SIGKILL');
      await gone;
    }
    await waitFor(
      () => {
        rmSync(this.#profile, {recursive: true, force: true, maxRetries: 5});
        return true;
      },
      {within: 20_000, what: 'its profile is gone'},
    );
  }

  #take(part: string): void {
    const messages = (this.#rest + part).split('\0');
    this.#rest = messages.pop()!;
    for (const text of messages) {
      const message = JSON.parse(text) as Event & {id?: number; result?: unknown; error?: {message: string}};
      if (message.id === undefined) this.#listeners.forEach(listener => listener(message));
      else if (message.error === undefined) this.#waiting.get(message.id)?.resolve(message.result);
      else this.#waiting.get(message.id)?.reject(new Error(message.error.message));
    }
  }
}

/** Runs before the page: what its policy forbade, and what tells that something foreign was run. */
const watched = `
  window.forbidden = [];
  document.addEventListener('securitypolicyviolation', event => window.forbidden.push(event.violatedDirective + ' ' + event.blockedURI));
  window.executed = false;
`;

export class Tab {
  /** What the page threw, what the browser complained about, and what it asked of whom. */
  readonly complaints: string[] = [];
  readonly asked: string[] = [];
  /** How many WebSockets it has opened. */
  sockets = 0;
  readonly #chromium: Chromium;
  readonly #session: string;

  constructor(chromium: Chromium, session: string) {
    this.#chromium = chromium;
    this.#session = session;
    chromium.listen(({method, params, sessionId}) => {
      if (sessionId !== session) return;
      const {entry, exceptionDetails, request} = params as unknown as {
        entry?: {level: string; text: string};
        exceptionDetails?: {text: string; exception?: {description?: string}};
        request?: {url: string};
      };
      if (method === 'Log.entryAdded' && entry!.level === 'error') this.complaints.push(entry!.text);
      if (method === 'Runtime.exceptionThrown') this.complaints.push(exceptionDetails!.exception?.description ?? exceptionDetails!.text);
      if (method === 'Network.webSocketCreated') this.sockets += 1;
      if (method === 'Network.requestWillBeSent') this.asked.push(request!.url);
    });
  }

  ask<T = unknown>(method: string, params: Params = {}): Promise<T> {
    return this.#chromium.ask<T>(method, params, this.#session);
  }

  async open(url: string): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.ask(`${domain}.enable`);
    await this.ask('Page.addScriptToEvaluateOnNewDocument', {source: watched});
    await this.ask('Page.navigate', {url});
  }

  async evaluate<T>(expression: string): Promise<T> {
    const {result, exceptionDetails} = await this.ask<{result: {value: T}; exceptionDetails?: {exception?: {description?: string}}}>(
      'Runtime.evaluate',
      {expression, awaitPromise: true, returnByValue: true},
    );
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'thrown in the page');
    return result.value;
  }

  /** What a person reads there. */
  text(): Promise<string> {
    return this.evaluate<string>('document.body?.innerText ?? ""');
  }

  async shows(what: RegExp, within = 30_000): Promise<string> {
    let last = '';
    return waitFor(async () => what.test((last = await this.text())) && last, {within, what: `the page shows ${what}`}).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}: ${last} ${this.complaints.join('\n')}`);
      },
    );
  }

  /** SHA-256 of the canvas's red, green and blue. */
  canvas(): Promise<{size: string; digest: string}> {
    return this.evaluate(`(async () => {
      const canvas = document.querySelector('canvas');
      const {width, height} = canvas;
      const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
      const rgb = new Uint8Array(width * height * 3);
      for (let at = 0, to = 0; at < data.length; at += 4) for (let part = 0; part < 3; part += 1) rgb[to++] = data[at + part];
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
      return {size: width + 'x' + height, digest: Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')};
    })()`);
  }

  /** `share`: how far from its left and its top. */
  async click(selector: string, share = 0.5): Promise<void> {
    const at = await this.evaluate<{x: number; y: number}>(
      `(() => { const {x, y, width, height} = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect(); return {x: x + width * ${share}, y: y + height * ${share}}; })()`,
    );
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
      await this.ask('Input.dispatchMouseEvent', {type, ...at, button: type === 'mouseMoved' ? 'none' : 'left', clickCount: 1});
  }

  /** Key by key, as on a keyboard of the United States. */
  async type(text: string): Promise<void> {
    for (const letter of text) {
      const {code, isShifted} = keyOf(letter);
      const key = letter === '\n' ? 'Enter' : letter;
      const modifiers = isShifted ? 8 : 0;
      if (isShifted) await this.ask('Input.dispatchKeyEvent', {type: 'keyDown', key: 'Shift', code: 'ShiftLeft', modifiers});
      const sent = letter === '\n' ? '\r' : letter;
      await this.ask('Input.dispatchKeyEvent', {type: 'keyDown', key, code, modifiers, text: sent});
      await this.ask('Input.dispatchKeyEvent', {type: 'keyUp', key, code, modifiers});
      if (isShifted) await this.ask('Input.dispatchKeyEvent', {type: 'keyUp', key: 'Shift', code: 'ShiftLeft'});
    }
  }
}

const others: Readonly<Record<string, {code: string; isShifted?: boolean}>> = {
  ' ': {code: 'Space'},
  '\n': {code: 'Enter'},
  "'": {code: 'Quote'},
  '\\': {code: 'Backslash'},
  ']': {code: 'BracketRight'},
  ';': {code: 'Semicolon'},
  '#': {code: 'Digit3', isShifted: true},
};

function keyOf(letter: string): {readonly code: string; readonly isShifted?: boolean} {
  if (/[a-z]/.test(letter)) return {code: `Key${letter.toUpperCase()}`};
  if (/\d/.test(letter)) return {code: `Digit${letter}`};
  const known = others[letter];
  if (known === undefined) throw new Error(`no key for ${letter}`);
  return known;
}
