import {readPrivate} from '@boxyard/core/config';

const WARNING = 40;

/** What the server that is starting complained of last, from its log; `from`: bytes that were there before. */
export function lastComplaint(serverLog: string, from: number): string | undefined {
  const text = Buffer.from(readPrivate(serverLog) ?? '')
    .subarray(from)
    .toString();
  for (const line of text.trimEnd().split('\n').toReversed()) {
    const {level = 0, msg, why} = parse(line);
    if (level >= WARNING && msg !== undefined) return why === undefined ? msg : `${msg} (${why})`;
  }
  return undefined;
}

function parse(line: string): {readonly level?: number; readonly msg?: string; readonly why?: string} {
  try {
    return JSON.parse(line) as object;
  } catch {
    return {};
  }
}

/** Says once in a while what a start is waiting for; called in every turn of the wait. */
export function createWaitNotice(serverLog: string, {from, now, say}: WaitNotice): () => void {
  let next = now() + FIRST_MS;
  return () => {
    if (now() < next) return;
    next = now() + EVERY_MS;
    say(`Still starting. ${lastComplaint(serverLog, from) ?? 'The server has not answered yet'}. Log: ${serverLog}`);
  };
}

interface WaitNotice {
  readonly from: number;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

const FIRST_MS = 5_000;
const EVERY_MS = 15_000;
