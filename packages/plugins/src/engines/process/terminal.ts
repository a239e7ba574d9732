import {access} from 'node:fs/promises';
import {PassThrough, Writable, type Readable} from 'node:stream';
import {spawn, type IPty} from '@lydell/node-pty';
import type {Chunk, Command, Exit, Size, Terminal} from '@boxyard/core/plugin-api';
import {killTree} from '../process-tree.ts';
import {prepare, type Where} from './exec.ts';
import {ENTER_AND_BECOME, KEPT_ASIDE} from './supervise.ts';

/** Root's groups would stay with the program if the pty changed the user itself. */
const SETPRIV = '/usr/bin/setpriv';
const HIGH_WATER = 256 * 1024;

export const terminal = async (where: Where, command: Command, size: Size): Promise<Terminal> => {
  const {mark, env, cwd, found, args} = await prepare(where, command);
  const program =
    'file' in found ? [found.file, ...args] : ['/bin/sh', '-c', `printf '%s\\r\\n' "$1"; exit ${found.code}`, 'sh', found.text.trim()];
  const given = Object.keys({TERM: '', ...env}).filter(name => !name.startsWith('BOXYARD_'));
  const [file = '', ...rest] = await asUser(where, ['/bin/sh', '-c', ENTER_AND_BECOME, 'sh', cwd, ...given, '--', ...program]);
  const pty = spawn(file, rest, {
    name: 'xterm-256color',
    cols: size.columns,
    rows: size.rows,
    cwd: '/',
    env: keptAside({TERM: 'xterm-256color', ...env}),
    encoding: null,
  });
  const {output, ended} = read(pty);
  return {
    stdin: writer(pty),
    output,
    wait: () => ended,
    kill: async kind => void (await killTree(mark, kind)),
    resize: async next => {
      try {
        pty.resize(next.columns, next.rows);
      } catch {
        // It has ended.
      }
    },
  };
};

/**
 * Under names that no program heeds: the one that changes the user is still root, and its loader would do what a requester's
 * LD_PRELOAD says. The shell behind it, which is the user, gives them back.
 */
const keptAside = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name.startsWith('BOXYARD_') ? name : `${KEPT_ASIDE}${name}`, value]));

const asUser = async ({identity, host}: Where, program: readonly string[]): Promise<readonly string[]> => {
  if (identity.drop === undefined) return program;
  await access(SETPRIV).catch(() => {
    throw host.fault('unsupported', `a terminal as ${identity.user} without ${SETPRIV}`, {hint: 'sudo apt-get install util-linux'});
  });
  const {uid, gid} = identity.drop;
  return [SETPRIV, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', '--', ...program];
};

const writer = (pty: IPty): Writable =>
  new Writable({
    write: (part: Buffer, _encoding, done) => {
      try {
        // The typings know text only; bytes go through as they are.
        pty.write(part as unknown as string);
      } catch {
        // It has ended.
      }
      done();
    },
  });

/** The pty is read while its reader keeps up, else it waits, and with it the program. The end is told after the last byte was read. */
const read = (pty: IPty): {output: AsyncIterable<Chunk>; ended: Promise<Exit>} => {
  const arrived = new PassThrough({readableHighWaterMark: HIGH_WATER, writableHighWaterMark: HIGH_WATER});
  const ended = Promise.withResolvers<Exit>();
  pty.onData(data => {
    if (!arrived.write(data)) pty.pause();
  });
  arrived.on('drain', () => pty.resume());
  pty.onExit(({exitCode, signal}) => {
    const exit = {code: signal === undefined || signal === 0 ? exitCode : 128 + signal};
    arrived.once('close', () => ended.resolve(exit));
    arrived.end();
  });
  return {output: numbered(arrived), ended: ended.promise};
};

async function* numbered(arrived: Readable): AsyncGenerator<Chunk> {
  let offset = 0;
  for await (const part of arrived) {
    const bytes = part as Buffer;
    yield {stream: 'stdout', offset, bytes};
    offset += bytes.length;
  }
}
