import {spawn} from '@lydell/node-pty';
import {PictureTerminal, type TerminalSize} from '../packages/tui/test/screen/graphics/picture-terminal.ts';
import {waitFor} from './up.ts';

export interface PicturePty extends Disposable {
  readonly terminal: PictureTerminal;
  /** Of everything that reached the terminal. */
  bytes(): number;
  type(text: string): void;
  shows(what: RegExp): Promise<void>;
  /** The exit code. */
  readonly ended: Promise<number>;
}

/** What terminals answer to the questions of a probe, the last of them included. */
export const answers = {
  kitty: '\u001b_Gi=31;OK\u001b\\\u001bP>|kitty(0.35.2)\u001b\\\u001b[6;20;10t\u001b[?2026;2$y\u001b[?62;c',
  /** To a tmux, which asks fewer things. */
  kittyToTmux: '\u001bP>|kitty(0.35.2)\u001b\\\u001b[?62;c',
  sixel: '\u001bP>|foot(1.16.2)\u001b\\\u001b[6;20;10t\u001b[?62;4;22c',
} as const;
const sentinel = '\u001b[c';

/** A program on a terminal that shows pictures and, once asked, says so. */
export function openPicturePty(
  argv: readonly [string, ...string[]],
  {env, answer, ...size}: TerminalSize & {readonly env: Readonly<Record<string, string>>; readonly answer: string},
): PicturePty {
  const terminal = new PictureTerminal(size);
  const [file, ...rest] = argv;
  const pty = spawn(file, rest, {
    name: env['TERM'] ?? 'xterm-256color',
    cols: size.columns,
    rows: size.rows,
    env: {...env},
    encoding: null,
  });
  let bytes = 0;
  let asked = '';
  let failed: Error | undefined;
  pty.onData(data => {
    const part = data as unknown as Buffer;
    bytes += part.length;
    asked += part.toString('latin1');
    if (asked.includes(sentinel)) pty.write(answer);
    asked = asked.slice(asked.lastIndexOf(sentinel) + 1).slice(-sentinel.length);
    terminal.write(part).catch((error: Error) => (failed = error));
  });
  const ended = new Promise<number>(resolve => pty.onExit(({exitCode}) => resolve(exitCode)));
  return {
    terminal,
    ended,
    bytes: () => bytes,
    type: text => pty.write(text),
    async shows(what) {
      const found = async () => {
        if (failed) throw failed;
        return (await terminal.lines()).some(line => what.test(line));
      };
      await waitFor(found, {within: 20_000, what: `the terminal shows ${what}`});
    },
    [Symbol.dispose]: () => pty.kill('SIGKILL'),
  };
}
