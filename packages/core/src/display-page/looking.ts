import RFB from '@novnc/novnc';
import {bound} from './bounds.ts';
import {DisplayChannel, type ChannelEvents, type Over} from './channel.ts';
import type {View} from './view.ts';

const AGAIN_MS = 1_000;
/** As long as the server takes a ticket. */
const TICKET_MS = 60_000;
const TOKEN_ENDED = 4401;
/** Nobody answered: of a server that was not reached nobody has seen the ticket. */
const NOT_REACHED = 1006;

/** By what is said to be wrong no further try can help. */
const final: ReadonlySet<string> = new Set([
  'TICKET_REFUSED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'INVALID_INPUT',
  'RFB_INVALID',
  'DISPLAY_UNAVAILABLE',
  'DISPLAY_DENIED',
  'UNSUPPORTED',
]);

/**
 * Looks at a display until it is over. While it looks the server gives it the ticket of its next look: a connection that
 * breaks is made again with that, until the ticket is too old.
 */
export class Looking {
  readonly #job: string;
  readonly #view: View;
  #next: {readonly ticket: string; readonly until: number} | undefined;
  #devbox: string | undefined;
  #channel: DisplayChannel | undefined;
  #rfb: RFB | undefined;
  #isFitted = true;
  #wasSeen = false;

  constructor(job: string, ticket: string, view: View) {
    this.#job = job;
    this.#view = view;
    this.#keep(ticket);
    view.onTake(() => this.#channel?.take());
    view.onPaste(text => this.#rfb?.clipboardPasteFrom(text));
    view.onSize(isFitted => {
      this.#isFitted = isFitted;
      if (this.#rfb !== undefined) this.#rfb.scaleViewport = isFitted;
    });
  }

  start(): void {
    const used = this.#next!;
    const channel = new DisplayChannel(this.#job, used.ticket, {
      said: message => this.#hear(message),
      over: how => {
        if (how.code !== NOT_REACHED && this.#next === used) this.#next = undefined;
        this.#over(how);
      },
    });
    this.#channel = channel;
    this.#rfb = this.#show(channel);
  }

  #keep(ticket: string): void {
    this.#next = {ticket, until: performance.now() + TICKET_MS};
  }

  #show(channel: DisplayChannel): RFB {
    const rfb = new RFB(this.#view.screen, channel, {shared: true});
    bound(rfb);
    rfb.scaleViewport = this.#isFitted;
    // The best there is: a server then has little reason to send what looks worse than the desktop.
    rfb.qualityLevel = 9;
    rfb.viewOnly = true;
    rfb.addEventListener('connect', () => {
      this.#wasSeen = true;
      rfb.focus();
    });
    rfb.addEventListener('desktopname', ({detail}) => this.#view.desktop(detail.name));
    rfb.addEventListener('clipboard', ({detail}) => this.#view.copied(detail.text));
    rfb.addEventListener('credentialsrequired', () => channel.fail('a question for a password'));
    // Where the socket is closed already it was not noVNC that gave up.
    rfb.addEventListener('disconnect', () => channel.fail('what is no picture of a desktop'));
    return rfb;
  }

  #hear(message: Parameters<ChannelEvents['said']>[0]): void {
    if (message.type === 'renewal') {
      this.#keep(message.ticket);
      this.#devbox = message.devbox;
      return this.#view.devbox(message.devbox);
    }
    if (message.type !== 'control') return;
    if (this.#rfb !== undefined) this.#rfb.viewOnly = !message.controls;
    this.#view.controls(message);
  }

  #over(how: Over): void {
    this.#channel = this.#rfb = undefined;
    const isFinal = how.code === TOKEN_ENDED || (how.error !== undefined && final.has(how.error.code));
    if (!isFinal && this.#next !== undefined && performance.now() < this.#next.until) {
      this.#view.state('The connection was lost. Trying again…');
      return void setTimeout(() => this.start(), AGAIN_MS);
    }
    this.#view.over({...this.#wordsOf(how), devbox: this.#devbox ?? devboxOf(how)});
  }

  #wordsOf({code, error}: Over): {readonly what: string; readonly why: string} {
    if (error?.code === 'NOT_FOUND')
      return {what: 'This display was closed.', why: 'The desktop may go on: it is there when it is opened again.'};
    const what = this.#wasSeen ? 'This display is over.' : 'The display is not shown.';
    if (error?.code === 'UNAUTHENTICATED' || (code === TOKEN_ENDED && error === undefined))
      return {what, why: 'The token it was opened with has ended.'};
    if (error !== undefined) return {what, why: error.message};
    return {what: 'The connection to the server was lost.', why: 'It did not come back in time.'};
  }
}

function devboxOf({error}: Over): string | undefined {
  const found = (error?.details as {readonly devbox?: unknown} | undefined)?.devbox;
  return typeof found === 'string' ? found : undefined;
}
