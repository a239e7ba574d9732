import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect} from 'vitest';
import {waitFor} from './up.ts';

const exec = promisify(execFile);

export const hasTmux = await exec('tmux', ['-V']).then(
  () => true,
  () => (console.log('skipped: no tmux here'), false),
);

export interface Screen extends AsyncDisposable {
  text(): Promise<string>;
  keys(...keys: readonly string[]): Promise<void>;
  shows(what: string | RegExp): Promise<void>;
  /** Every byte that reaches the terminal from now on. */
  record(): Promise<() => string>;
  /** Once the command has ended with this code: its line settings and modes are what they were before it. */
  isRestored(code: number): Promise<void>;
  /** To the command itself. */
  signal(name: NodeJS.Signals): Promise<void>;
}

/** What tmux calls the modes of a terminal that nobody has changed. */
const usual = {
  alternate_on: 0,
  mouse_any_flag: 0,
  keypad_flag: 0,
  keypad_cursor_flag: 0,
  insert_flag: 0,
  origin_flag: 0,
  cursor_flag: 1,
  wrap_flag: 1,
};

/** `boxyard …` in a real terminal with a shell behind it, so that what is left of the terminal afterwards can be seen. */
export async function openTerminal(
  command: string,
  env: Readonly<Record<string, string>>,
  size = {columns: 120, rows: 40},
): Promise<Screen> {
  const name = `boxyard-${randomBytes(6).toString('hex')}`;
  const tmux = (...args: readonly string[]) => exec('tmux', ['-u', '-L', name, '-f', '/dev/null', ...args]);
  // A person is at it, whatever runs the test.
  const given = Object.entries({...env, CI: ''}).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  await tmux(
    'new-session',
    '-d',
    '-x',
    String(size.columns),
    '-y',
    String(size.rows),
    ...given,
    `sh -c 'before=$(stty -g); ${command}; code=$?; [ "$(stty -g)" = "$before" ] && line=same || line=changed; echo ENDED $code; echo LINE $line; exec cat'`,
  );
  let recorded: string | undefined;
  const text = async () => (await tmux('capture-pane', '-p')).stdout;
  const shows = async (what: string | RegExp) => {
    let last = '';
    const found = async () => new RegExp(what).test((last = await text()));
    await waitFor(found, {within: 20_000, what: `the screen shows ${what}`}).catch((error: Error) => {
      throw new Error(`${error.message}; it shows:\n${last}`);
    });
  };
  return {
    text,
    shows,
    async keys(...keys) {
      for (const key of keys) await tmux('send-keys', key);
    },
    async isRestored(code) {
      await shows(new RegExp(`ENDED ${code}\\s+LINE same`));
      const modes = (
        await tmux(
          'display-message',
          '-p',
          Object.keys(usual)
            .map(name => `${name}=#{${name}}`)
            .join(' '),
        )
      ).stdout.trim();
      expect(modes).toBe(
        Object.entries(usual)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
      );
    },
    async record() {
      const file = join(tmpdir(), `${name}.raw`);
      writeFileSync(file, '');
      await tmux('pipe-pane', '-O', `cat >> ${file}`);
      recorded = file;
      return () => readFileSync(file, 'latin1');
    },
    async signal(signal) {
      const shell = (await tmux('list-panes', '-F', '#{pane_pid}')).stdout.trim();
      const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ');
      process.kill(Number(child), signal);
    },
    [Symbol.asyncDispose]: async () => {
      await tmux('kill-server').catch(() => undefined);
      if (recorded !== undefined) rmSync(recorded, {force: true});
    },
  };
}
