/**
 * Makes text that others wrote (names, labels, image names, error texts, log lines) harmless on a terminal: escape
 * sequences go as a whole, as do C0 but newline and tab, DEL, C1 as code points, bidirectional and zero-width format
 * characters; a carriage return that is not part of a line end is shown as `␍`. What was dropped cannot start anything new.
 */
export function safeText(text: string): string {
  if (!suspicious.test(text)) return text;
  return text.replace(sequences, '').replaceAll('\r\n', '\n').replaceAll('\r', '␍').replace(unshowable, '');
}

/** The same for what must stay on one line: a table cell, an error message in a list. */
export const safeLine = (text: string): string => safeText(text).replaceAll('\n', '␊').replaceAll('\t', ' ');

const c1 = '\\u0080-\\u009f';
const format = '\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb';
const suspicious = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f\\u007f${c1}${format}]`);
/** What no text of others may bring to a terminal, one character at a time. */
export const unshowable = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f\\u007f${c1}${format}]`, 'g');
export const hasUnshowable = (text: string): boolean => suspicious.test(text);
// Strings (OSC, DCS, SOS, PM, APC) up to their end, or to the end of the line where nobody closes them; CSI; single escapes.
const sequences = new RegExp(
  [
    '(?:\\u001b[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|\\u001b\\\\|\\u009c)?',
    '(?:\\u001b\\[|\\u009b)[0-?]*[ -/]*[@-~]?',
    '\\u001b[ -/]*[0-~]?',
  ].join('|'),
  'g',
);
