import {render} from 'ink';
import type {Program} from '../cli/context.ts';
import {idleStdin} from '../screen/ink-stream.ts';
import type {InputEvent} from '../screen/input-events.ts';
import {openTerminal} from '../screen/modes.ts';
import {tierOf} from '../screen/downgrade.ts';
import {createTtyIn, type TtyIn} from '../screen/tty-in.ts';
import {createTtyOut, type TtyOut} from '../screen/tty-out.ts';
import {drained, setWaiting} from '../screen/terminal-writes.ts';
import {Dashboard} from './Dashboard.tsx';
import type {Store} from './store.ts';
import {within} from './within.ts';

export interface PersonTerminalOptions {
  readonly program: Program;
  readonly store: Store;
  readonly isAscii: boolean;
  readonly isForScreenReader: boolean;
  readonly hasMouse: boolean;
  /** `--no-color`. */
  readonly isPlain: boolean;
  /** Told where it says so, and has colours enough for a theme of ours. */
  readonly onBackground?: (is: 'light' | 'dark') => void;
  readonly onInput: (event: InputEvent) => void;
  /** Something else has the terminal, or has it no more. */
  readonly onLent?: (isLent: boolean) => void;
  /** The terminal hung up. */
  readonly onGone: () => void;
  /** How modes are written, whatever the event loop does. Default: to file descriptor 1. */
  readonly writeNow?: (text: string) => void;
  readonly onFailure: (error: unknown) => void;
}

/** The person's own terminal, with Ink between the store and it. */
export interface PersonTerminal {
  readonly out: TtyOut;
  readonly input: TtyIn;
  /** It shows letters alone: no colours, or no half blocks. */
  readonly isAscii: boolean;
  setMouse(isOn: boolean): void;
  /** Resolves when what is known now is on the screen. */
  drawn(): Promise<void>;
  /** Something else has it now: its signals are not ours. */
  readonly isLent: boolean;
  /** Lends the terminal to something else and takes it back, whatever happens. */
  lend(work: () => Promise<void>): Promise<void>;
  /** It may be set to anything, by whoever had it while we were stopped: all is set and drawn again. */
  reclaim(): void;
  /** Gives it back for good. Idempotent. */
  close(): Promise<void>;
}

const probeMs = 200;
/** A terminal that takes nothing for so long is waited for no longer. */
const giveUpMs = 500;
const farProbeMs = 1_000;

export function openPersonTerminal(options: PersonTerminalOptions): PersonTerminal {
  const {program, store, isAscii, isForScreenReader, isPlain, onInput, onGone, onFailure} = options;
  const {env} = program;
  const [stdin, stdout] = [program.stdin as NodeJS.ReadStream, program.stdout as NodeJS.WriteStream];
  const streams = [stdout, program.stderr];
  setWaiting(streams, false);
  const modes = openTerminal({
    stdin,
    writeInTurn: text => void stdout.write(text),
    mouse: options.hasMouse,
    onFailure,
    ...(options.writeNow === undefined ? {} : {write: options.writeNow}),
  });
  const colours = isPlain ? 'none' : tierOf(env);
  const isPlainAscii = isAscii || env['TERM'] === 'linux';
  const out = createTtyOut({
    stdout,
    env,
    colours,
    ascii: isPlainAscii,
    isPassThrough: isForScreenReader,
  });
  const input = createTtyIn({stdin, onInput, onGone});
  const write = options.writeNow ?? ((text: string) => void stdout.write(text));
  // What comes late is eaten; nothing waits for it.
  const probed = input.probe(write, env['SSH_TTY'] === undefined ? probeMs : farProbeMs);
  void probed.then(({background}) => {
    if (background !== undefined && (colours === 'truecolor' || colours === '256')) options.onBackground?.(background);
  }, onFailure);
  const ink = render(<Dashboard store={store} />, {
    stdout: out.ink,
    stdin: idleStdin(),
    stderr: out.ink,
    alternateScreen: false,
    incrementalRendering: false,
    // Whoever has a terminal is there to look, also where a variable says CI.
    interactive: true,
    patchConsole: false,
    exitOnCtrlC: false,
    isScreenReaderEnabled: isForScreenReader,
    // TtyOut holds the pace; a second one in front of it made a key wait twice.
    maxFps: 120,
  });
  ink.waitUntilExit().catch(onFailure);
  let isLent = false;
  let lent: Promise<void> = Promise.resolve();
  return {
    out,
    input,
    isAscii: isPlainAscii || colours === 'none',
    setMouse: isOn => modes.setMouse(isOn),
    async drawn() {
      await ink.waitUntilRenderFlush();
      await out.flushed();
    },
    get isLent() {
      return isLent;
    },
    async lend(work) {
      if (isLent) return work();
      isLent = true;
      const back = Promise.withResolvers<void>();
      lent = back.promise;
      options.onLent?.(true);
      out.suspend();
      await drained(stdout, giveUpMs);
      modes.suspend(out, input);
      setWaiting(streams, true);
      try {
        await work();
      } finally {
        isLent = false;
        options.onLent?.(false);
        setWaiting(streams, false);
        modes.resume(out, input);
        back.resolve();
      }
    },
    reclaim() {
      if (isLent) return;
      modes.suspend(out, input);
      modes.resume(out, input);
    },
    async close() {
      // Whoever has it was told, and gives it back as it was.
      await within(giveUpMs, lent);
      ink.unmount();
      await within(giveUpMs, ink.waitUntilExit());
      out.close();
      // The rest of a frame would come behind what gives the terminal back.
      await drained(stdout, giveUpMs);
      input.close();
      modes.close();
    },
  };
}
