import type {Terminal} from '@xterm/headless';
import {insideOf} from '@boxyard/core/vt/screen';
import type {MouseEvent} from './input-events.ts';

/**
 * What was typed on this terminal as the session's program wants it: cursor keys in application mode where it set that,
 * brackets around a paste only where it asked for them.
 */
export function keysFor({modes}: Terminal, bytes: Buffer): Buffer {
  if (!bytes.includes(0x1b)) return bytes;
  let text = bytes.toString('latin1');
  if (modes.applicationCursorKeysMode) text = text.replaceAll(/\u001b\[([A-DHF])/g, '\u001bO$1');
  if (!modes.bracketedPasteMode) text = text.replaceAll(/\u001b\[20[01]~/g, '');
  return Buffer.from(text, 'latin1');
}

/** Undefined where the program does not want to know. */
export function mouseFor(screen: Terminal, event: MouseEvent): Buffer | undefined {
  const mode = screen.modes.mouseTrackingMode;
  const isWheel = event.action === 'wheel-up' || event.action === 'wheel-down';
  if (mode === 'none') return isWheel && screen.buffer.active.type === 'alternate' ? arrows(screen, event) : undefined;
  if (event.action === 'drag' && mode !== 'drag' && mode !== 'any') return undefined;
  if (mode === 'x10' && event.action !== 'press') return undefined;
  const code = codeOf(event);
  const [column, row] = [event.column + 1, event.row + 1];
  if (insideOf(screen).coreMouseService.activeEncoding.startsWith('SGR'))
    return Buffer.from(`\u001b[<${code};${column};${row}${event.action === 'release' ? 'm' : 'M'}`);
  if (column > 223 || row > 223) return undefined;
  const button = event.action === 'release' ? (code & ~3) | 3 : code;
  return Buffer.from([0x1b, 0x5b, 0x4d, button + 32, column + 32, row + 32]);
}

const WHEEL_LINES = 3;

/** A program on the other screen that knows no mouse is scrolled by its keys. */
function arrows(screen: Terminal, {action}: MouseEvent): Buffer {
  const key = `${screen.modes.applicationCursorKeysMode ? '\u001bO' : '\u001b['}${action === 'wheel-up' ? 'A' : 'B'}`;
  return Buffer.from(key.repeat(WHEEL_LINES));
}

function codeOf({action, button, shift, alt, ctrl}: MouseEvent): number {
  const held = (shift ? 4 : 0) | (alt ? 8 : 0) | (ctrl ? 16 : 0);
  if (action === 'wheel-up' || action === 'wheel-down') return held | (action === 'wheel-up' ? 64 : 65);
  return held | (action === 'drag' ? 32 : 0) | {left: 0, middle: 1, right: 2, none: 3}[button];
}
