import {spawn} from 'node:child_process';
import {readdirSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {privateDir, randomBase32, writePrivate} from '@boxyard/core/config';

export interface Desktop {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What opens a page here, where somebody sits in front of it. */
export function browserOf({platform, env}: Desktop): string | undefined {
  if (env['CI'] || env['SSH_CONNECTION'] || env['SSH_TTY']) return undefined;
  if (platform === 'darwin') return 'open';
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? 'xdg-open' : undefined;
}

/** As long as a ticket can be used. */
const OLD_MS = 60_000;
const NAME = /^display-[a-z2-7]+\.html$/;

/**
 * Opens an address by way of a file that only its owner may read: the words of a command are everybody's to see, and the
 * address has a ticket in it. What became of it is not known. Files of before are removed.
 */
export function openInBrowser(
  browser: string,
  address: string,
  {dir, env, now}: {readonly dir: string; readonly now: number} & Pick<Desktop, 'env'>,
): void {
  privateDir(dir);
  for (const name of readdirSync(dir).filter(each => NAME.test(each))) {
    const old = join(dir, name);
    if (now - (statSync(old, {throwIfNoEntry: false})?.mtimeMs ?? now) > OLD_MS) rmSync(old, {force: true});
  }
  const file = join(dir, `display-${randomBase32(60)}.html`);
  writePrivate(file, pageTo(address));
  const child = spawn(browser, [file], {stdio: 'ignore', detached: true, env: {...env}});
  child.on('error', () => undefined);
  child.unref();
}

const escapes: Readonly<Record<string, string>> = {'&': '&amp;', '"': '&quot;', '<': '&lt;'};

const pageTo = (address: string): string =>
  `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=${address.replace(/[&"<]/g, each => escapes[each]!)}">\n`;
