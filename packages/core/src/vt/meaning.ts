import {VtTokens, type VtToken} from './tokens.ts';

const asked = new Set(['14', '15', '16', '18', '19', '20', '21']);

/** Whether a terminal answers it by typing: such a sequence may reach one terminal, once. */
export const isQuery = (token: VtToken): boolean => {
  if (token.is === 'plain') return token.raw.includes(0x05);
  if (token.is === 'osc') return /^(?:\d+;)(?:.*;)?\?$/s.test(token.text);
  if (token.is === 'string') return token.introducer === 'P' ? /^[$+]q/.test(token.text) : /^G.*(?:a=q|s=)/s.test(token.text);
  if (token.is === 'esc') return token.raw.toString('latin1') === '\u001bZ';
  if (token.is !== 'csi') return false;
  const {marker, params, inner, final} = token;
  if (final === 'c') return marker !== '?' && /^0?$/.test(params);
  if (final === 'n') return /^(?:[56]|15|25|26|53|55|56|62|63|75|85|996)(?:;\d+)?$/.test(params);
  if (final === 'p') return inner === '$';
  if (final === 'q') return marker === '>';
  if (final === 'u') return marker === '?';
  if (final === 't') return marker === '' && asked.has(params.split(';')[0]!);
  return final === 'x' && marker === '' && inner === '' && /^[01]?$/.test(params);
};

/**
 * What calls for the person: an empty text for a bell, the text of a notification (OSC 9 of iTerm2, 99 of kitty, 777 of
 * urxvt) for another; undefined for the rest. ConEmu's OSC 9;4, a progress bar, calls for nobody.
 */
export const noticeOf = (token: VtToken): string | undefined => {
  if (token.is === 'bell') return '';
  if (token.is !== 'osc') return undefined;
  const [, number, text = ''] = /^(\d+)(?:;(.*))?$/s.exec(token.text) ?? [];
  if (number === '9') return /^\d+(?:;|$)/.test(text) ? undefined : text;
  if (number === '777') return /^notify(?:;|$)/.test(text) ? text.split(';').slice(1).filter(Boolean).join(': ') : undefined;
  return number === '99' ? kittyNotice(text) : undefined;
};

/** `i=1:d=0:p=title;text`; the first part of several is enough, closing, asking what is possible and reports are no call. */
const kittyNotice = (text: string): string | undefined => {
  const [meta = '', ...rest] = text.split(';');
  const settings = new Map(meta.split(':').map(one => one.split('=') as [string, string | undefined]));
  const part = settings.get('p') ?? 'title';
  if (part !== 'title' && part !== 'body') return undefined;
  const said = rest.join(';');
  return settings.get('e') === '1' ? Buffer.from(said, 'base64').toString('utf8') : said;
};

/** The title a program gives its terminal (OSC 0 and 2). */
export const titleOf = (token: VtToken): string | undefined => (token.is === 'osc' ? /^[02];(.*)$/s.exec(token.text)?.[1] : undefined);

/**
 * Whether it may reach the terminal of somebody who looks on. Not: the clipboard (OSC 52), titles, colours that would stay,
 * links of strange schemes, printing, moving the window, and strings whose effect nobody knows.
 */
export const isHarmless = (token: VtToken): boolean => {
  if (token.is === 'broken') return false;
  if (token.is === 'osc') return /^8;[^;]*;(?:https?:|mailto:|$)/.test(token.text) || /^1[0-2];\?$/.test(token.text);
  if (token.is === 'string') return token.introducer === 'P' && isQuery(token);
  if (token.is !== 'csi') return true;
  if (token.final === 't') return token.inner === '' && isQuery(token) && !['20', '21'].includes(token.params);
  return token.final !== 'i';
};

/** Whether a person typed it: what a terminal sends by itself, such as answers, focus and mouse movement, does not count. */
export const isTyping = (input: Uint8Array): boolean => {
  const tokens = new VtTokens();
  const parts = tokens.push(input);
  return tokens.pending > 0 || parts.some(token => !isFromTerminal(token));
};

const isFromTerminal = (token: VtToken): boolean => {
  if (token.is === 'osc' || token.is === 'string') return true;
  if (token.is !== 'csi') return false;
  const {marker, params, inner, final} = token;
  if (final === 'I' || final === 'O') return params === '';
  if (final === 'c' || final === 'n' || final === 't' || final === 'x') return true;
  if (final === 'R') return /^\d+;\d+/.test(params);
  if (final === 'y') return inner === '$';
  // Movement without a button; a click counts as typing.
  if ((final === 'M' || final === 'm') && marker === '<') return (Number(params.split(';')[0]) & 35) === 35;
  return final === 'u' && marker === '?';
};
