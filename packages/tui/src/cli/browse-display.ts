import type {DisplayQuery} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';
import {browserOf, openInBrowser} from '../services/open-browser.ts';
import {hasTerminal} from './follow-terminal.ts';
import type {Context} from './context.ts';

export interface ToBrowse {
  readonly job: string;
  readonly devbox: string;
  readonly control: Exclude<DisplayQuery['control'], 'glance'>;
  readonly mayOpen: boolean;
}

/** Prints the address of a page that shows the display, and opens it where a person sits at a desktop. The page needs us no more. */
export async function browseDisplay(context: Context, client: Client, {job, devbox, control, mayOpen}: ToBrowse): Promise<void> {
  const {program} = context;
  const {path, expiresAt} = await client.jobsDisplayTicket({job, body: {control}});
  // Whatever a server answers, it is its own page that is opened.
  const url = Object.assign(new URL('/display', client.server), {hash: path.split('#')[1] ?? ''}).href;
  await context.print.item({devbox, job, url, expiresAt}, {name: item => item.url, text: item => item.url});
  const isPerson = hasTerminal(context) && context.print.format === 'table';
  const browser = mayOpen && isPerson ? browserOf({platform: process.platform, env: program.env}) : undefined;
  if (browser !== undefined) openInBrowser(browser, url, {dir: context.paths.runtime, env: program.env, now: Date.now()});
  context.say(`${browser === undefined ? 'Open it in a browser' : 'Opening it in your browser'}: it works once, within 60 s.`);
  if (url.startsWith('https:')) context.say('The browser warns where it does not know the server’s certificate.');
}
