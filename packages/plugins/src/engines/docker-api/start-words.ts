import type {Exit} from '@boxyard/core/plugin-api';
import {notStarted} from '../program-not-started.ts';
import type {Api} from './api.ts';
import type {Frame} from './frames.ts';
import {inspect, stateOf, throughRestarts} from './main-end.ts';

const MOST_BYTES = 4_096;
const INIT_OPENINGS = ['[FATAL tini (', 'ERROR (catatonit:'];
const EXEC_OPENINGS = ['OCI runtime exec failed: ', 'Error: runc: ', 'Error: crun: '];

const TINI = /^\[FATAL tini \(\d+\)\] exec ([^]*) failed: .*\n$/;
const CATATONIT = /^ERROR \(catatonit:\d+\): failed to exec pid1: .*\n$/;
const NO_EXEC =
  /^(?:OCI runtime exec failed|Error: \w+): .*(?:exec: ".*|executable file .*): .*(?:not found|no such file or directory|permission denied).*\r?\n/i;
/** The directory to begin in is not there; both engines begin to speak of it like this. */
const NO_DIRECTORY = /^(?:OCI runtime exec failed|Error: \w+): .*chdir to cwd \("([^"]*)"\) set in config\.json failed: .*\r?\n/i;
export const isNoDirectory = (text: string): boolean => NO_DIRECTORY.test(`${text}\n`);
/** podman's last word about a stream that nobody serves any more. */
export const REMARK = /Error: (?:read|write) unixpacket \S+: (?:read|write): (?:connection reset by peer|broken pipe)\n/;

/**
 * Passes frames on, except that the words with which an init or a runtime says that it could not start the program are held
 * back while nothing else has come: they are what the generator returns, for the caller to judge by the program's end.
 */
async function* holdingBack(source: AsyncIterable<Frame>, openings: readonly string[]): AsyncGenerator<Frame, readonly Frame[]> {
  let held: Frame[] | undefined = [];
  for await (const frame of source) {
    if (held !== undefined) {
      held.push(frame);
      if (mayBecome(held, openings)) continue;
      yield* held;
      held = undefined;
    } else yield frame;
  }
  return held ?? [];
}

export const holdingInitWords = (source: AsyncIterable<Frame>): AsyncGenerator<Frame, readonly Frame[]> =>
  holdingBack(source, INIT_OPENINGS);

const textOf = (frames: readonly Frame[]): string => Buffer.concat(frames.map(({bytes}) => bytes)).toString();

const mayBecome = (held: readonly Frame[], openings: readonly string[]): boolean => {
  const text = textOf(held);
  const isOneStream = held.every(({stream}) => stream === held[0]?.stream);
  return isOneStream && text.length < MOST_BYTES && openings.some(opening => text.startsWith(opening.slice(0, text.length)));
};

const said = (text: string): Frame => ({stream: 'stderr', bytes: Buffer.from(text)});

/** What was held back of a main process that has ended: in our words if it never began, else as it came. */
export const settleInitWords = async (api: Api, name: string, held: readonly Frame[], signal: AbortSignal): Promise<readonly Frame[]> => {
  const text = textOf(held);
  const tini = TINI.exec(text);
  if (tini === null && !CATATONIT.test(text)) return held;
  const info = await throughRestarts(() => inspect(api, name, signal), signal);
  const state = stateOf(info);
  const code = state.is === 'exited' && 'code' in state.exit ? state.exit.code : undefined;
  if (info === undefined || (code !== 126 && code !== 127)) return held;
  return [said(notStarted(tini?.[1] ?? wordOf(info), code))];
};

/** podman's init stands before the program, which is its first argument. */
const wordOf = ({Path: path, Args: args}: {Path: string; Args: readonly string[]}): string =>
  path.endsWith('podman-init') ? (args.find(word => word !== '--') ?? path) : path;

/** The frames of an exec, where the runtime's words for a program that is not there are put into ours. */
export async function* execInOurWords(source: AsyncIterable<Frame>, word: string, end: () => Promise<Exit>): AsyncGenerator<Frame> {
  const held = yield* holdingBack(source, EXEC_OPENINGS);
  if (held.length === 0) return;
  const text = textOf(held);
  const directory = NO_DIRECTORY.exec(text)?.[1];
  const rest = text.replace(NO_DIRECTORY, '').replace(NO_EXEC, '').replace(REMARK, '');
  const exit = rest === '' ? await end() : undefined;
  const code = exit !== undefined && 'code' in exit ? exit.code : undefined;
  if (code === 126 || code === 127) yield said(directory === undefined ? notStarted(word, code) : `${directory}: no such directory\n`);
  else yield* held;
}
