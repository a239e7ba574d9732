import type {Chunk, Exit, Labels} from '../plugin-api/index.ts';

/**
 * What a scripted program does, all from its environment: FAKE_SLEEP_MS (how long it runs), FAKE_EXIT, FAKE_OUTPUT_LINES and
 * FAKE_ERROR_LINES (spread over that time), FAKE_ECHO=1 (gives its stdin back and ends with it), FAKE_DEAF=1 (ignores SIGTERM),
 * FAKE_FAIL_AT and FAKE_HANG_AT (the name of a call).
 */
export interface Script {
  readonly sleepMs: number;
  readonly exit: number;
  readonly lines: Readonly<Record<Chunk['stream'], number>>;
  readonly doesEcho: boolean;
  readonly isDeaf: boolean;
  readonly failAt: string | undefined;
  readonly hangAt: string | undefined;
}

export const scriptOf = (env: Labels): Script => ({
  sleepMs: numberOf(env['FAKE_SLEEP_MS']),
  exit: numberOf(env['FAKE_EXIT']),
  lines: {stdout: numberOf(env['FAKE_OUTPUT_LINES']), stderr: numberOf(env['FAKE_ERROR_LINES'])},
  doesEcho: env['FAKE_ECHO'] === '1',
  isDeaf: env['FAKE_DEAF'] === '1',
  failAt: env['FAKE_FAIL_AT'],
  hangAt: env['FAKE_HANG_AT'],
});

const numberOf = (text: string | undefined): number => Math.max(0, Number(text ?? 0) || 0);

/** When it ends by itself, or never. */
export const endsAt = (script: Script, startedAt: number, isHeld: boolean): number =>
  isHeld || script.doesEcho ? Number.POSITIVE_INFINITY : startedAt + script.sleepMs;

/** How many of a stream's lines are due after so many milliseconds. The last one comes with the end. */
export const linesDue = (script: Script, stream: Chunk['stream'], afterMs: number): number => {
  const all = script.lines[stream];
  if (afterMs >= script.sleepMs) return all;
  return Math.floor((all * afterMs) / script.sleepMs);
};

export const line = (stream: Chunk['stream'], index: number): string =>
  stream === 'stdout' ? `line ${index + 1}\n` : `error ${index + 1}\n`;

/** What a signal makes of it, as a container's exit code. */
export const killedBy = (isDeaf: boolean, isHeld: boolean, graceMs: number): {readonly exit: Exit; readonly afterMs: number} => {
  if (isDeaf || graceMs === 0) return {exit: {code: 137}, afterMs: isDeaf ? graceMs : 0};
  return {exit: {code: isHeld ? 0 : 143}, afterMs: 0};
};
