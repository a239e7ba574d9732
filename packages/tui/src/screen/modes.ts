import {writeSync} from 'node:fs';

export interface Modes {
  readonly mouse: boolean;
}

/**
 * Takes the terminal: title kept aside, alternate screen from its corner, cursor hidden, no wrapping at the last column
 * (a character the terminal takes for wider than we do must not push the next row away), pastes in brackets, focus told.
 */
export const enterText = ({mouse}: Modes): string =>
  `\u001b[22;0t\u001b[?1049h\u001b[m\u001b[H\u001b[?25l\u001b[?7l\u001b[?2004h\u001b[?1004h${mouse ? mouseOn : ''}`;

const mouseOn = '\u001b[?1000;1002;1006h';
const mouseOff = '\u001b[?1003l\u001b[?1002l\u001b[?1000l\u001b[?1006l\u001b[?1016l';
/** From whatever state, in one go; the alternate screen last, so that what is said afterwards stands on the first one. */
export const restoreText = `\u001b[?2026l${mouseOff}\u001b[?1004l\u001b[?2004l\u001b[<u\u001b[m\u001b[?7h\u001b[?25h\u001b[?1049l\u001b[23;0t`;

interface Part {
  suspend(): void;
  resume(): void;
}

export interface OpenTerminalOptions extends Modes {
  readonly stdin: {setRawMode?(on: boolean): unknown};
  /** Writes at once, whatever the event loop does. Default: file descriptor 1. */
  readonly write?: (text: string) => void;
  /** Writes behind what is being written: never into the middle of a frame. */
  readonly writeInTurn: (text: string) => void;
  /** What nobody caught, with the terminal already given back: whoever composes ends the program. */
  readonly onFailure: (error: unknown) => void;
}

/** A terminal taken by `openTerminal`, given back by `close`, by the process's end, or by a failure. */
export interface OpenTerminal {
  setMouse(isOn: boolean): void;
  /** Gives it back for a while (another program, a stop by ctrl-z); `parts` (TtyOut, TtyIn) rest meanwhile. */
  suspend(...parts: readonly Part[]): void;
  /** Takes it again. Nothing happens where it is not suspended. */
  resume(...parts: readonly Part[]): void;
  /** Idempotent. */
  close(): void;
}

/**
 * Signals are the caller's: it closes on them. What enters and leaves is written synchronously, so it arrives although the
 * process ends.
 */
export function openTerminal({stdin, mouse, onFailure, writeInTurn, write = writeNow}: OpenTerminalOptions): OpenTerminal {
  let isMouse = mouse;
  let state: 'ours' | 'suspended' | 'closed' = 'ours';
  const giveBack = () => {
    if (state !== 'ours') return;
    write(restoreText);
    stdin.setRawMode?.(false);
  };
  const close = () => {
    giveBack();
    state = 'closed';
    process.off('exit', close);
    process.off('uncaughtException', fail);
    process.off('unhandledRejection', fail);
  };
  const fail = (error: unknown) => {
    close();
    onFailure(error);
  };
  process.on('exit', close);
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  write(enterText({mouse}));
  return {
    setMouse(isOn) {
      if (isOn === isMouse) return;
      isMouse = isOn;
      if (state === 'ours') writeInTurn(isOn ? mouseOn : mouseOff);
    },
    suspend(...parts) {
      if (state !== 'ours') return;
      for (const part of parts) part.suspend();
      giveBack();
      state = 'suspended';
    },
    resume(...parts) {
      if (state !== 'suspended') return;
      state = 'ours';
      write(enterText({mouse: isMouse}));
      for (const part of parts) part.resume();
    },
    close,
  };
}

const MOST_TRIES = 50;

/** A terminal that is full for now takes it a moment later; one that is gone takes nothing. */
function writeNow(text: string): void {
  let rest = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < MOST_TRIES;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      tries += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
