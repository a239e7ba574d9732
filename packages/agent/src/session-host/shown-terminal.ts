import type {Terminal as TerminalProcess} from '@boxyard/core/plugin-api';
import type {Tty} from '@boxyard/core/protocol';
import type {JobOutput} from './job-output.ts';
import {Terminal, type TerminalState} from './terminal/terminal.ts';

/** What might be the beginning of a secret is shown after all when nothing has followed for so long. */
const RELEASE_MS = 30;

export interface ShownTerminal {
  readonly terminal: Terminal;
  /** Output of the program: spooled, then shown; waits while what shows it is far behind. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes: what was held back is shown. */
  finish(): Promise<void>;
  close(): void;
}

export interface ShownDeps {
  readonly output: JobOutput;
  readonly onState: (state: TerminalState) => void;
  readonly onForsaken: () => void;
}

/** Joins a program at a terminal with those who look on and with its spool; offsets of both are the same. */
export function showTerminal(process: TerminalProcess, tty: Tty, {output, onState, onForsaken}: ShownDeps): ShownTerminal {
  const terminal = new Terminal(
    {columns: tty.columns, rows: tty.rows},
    {
      type: bytes => typeInto(process, bytes),
      resize: size => process.resize(size),
      onState,
      onForsaken,
      detachedMs: tty.detachedMs,
      now: Date.now,
    },
  );
  let release: NodeJS.Timeout | undefined;
  const show = (bytes: Uint8Array) => (bytes.length === 0 ? Promise.resolve() : terminal.write(bytes));
  return {
    terminal,
    write(bytes) {
      clearTimeout(release);
      const masked = output.write('stdout', bytes);
      if (masked.length < bytes.length) release = setTimeout(() => void show(output.release('stdout')), RELEASE_MS);
      return show(masked);
    },
    finish() {
      clearTimeout(release);
      return show(output.release('stdout'));
    },
    close() {
      clearTimeout(release);
      terminal.close();
    },
  };
}

/** Resolves when the program's side has taken the bytes, or will take none any more. */
function typeInto({stdin}: TerminalProcess, bytes: Buffer): Promise<void> {
  if (stdin.destroyed || stdin.writableEnded) return Promise.resolve();
  return new Promise(resolve => stdin.write(bytes, () => resolve()));
}
