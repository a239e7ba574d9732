import {StringDecoder} from 'node:string_decoder';
import {safeText} from './safe-text.ts';

/**
 * Turns a job's bytes into what may be shown on a terminal: colours (SGR) stay, and so does the carriage return of progress
 * bars; every other escape sequence goes. Sequences and characters may be cut anywhere between chunks. One per stream.
 */
export interface LogFilter {
  write(bytes: Uint8Array): string;
  /** What was held back, at the end of the stream. */
  end(): string;
}

const longestHeld = 4096;
const pieces = /(\u001b\[[0-9;:]*m)|(\r)/;
const unfinished = /(?:\u001b\[[0-?]*[ -/]*|\u001b[\]PX^_][^\u0007\u001b\u009c\n]*\u001b?|\u001b[ -/]*)$/;

export function createLogFilter(): LogFilter {
  const decoder = new StringDecoder('utf8');
  let held = '';
  const show = (text: string) =>
    text
      .split(pieces)
      .map((part, i) => (part === undefined ? '' : i % 3 === 0 ? safeText(part) : part))
      .join('');
  return {
    write(bytes) {
      const text = held + decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      const cut = unfinished.exec(text)?.index;
      const isHeld = cut !== undefined && text.length - cut <= longestHeld;
      held = isHeld ? text.slice(cut) : '';
      return show(isHeld ? text.slice(0, cut) : text);
    },
    end() {
      const rest = show(held + decoder.end());
      held = '';
      return rest;
    },
  };
}
