import type {Readable} from 'node:stream';

/** One line of what an engine says while it pulls or builds. */
export interface EngineEvent {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly error?: string;
  readonly errorDetail?: {readonly message?: string; readonly code?: number};
  readonly progressDetail?: {readonly current?: number; readonly total?: number};
  readonly aux?: {readonly ID?: string};
}

const MAX_LINE = 1024 * 1024;

/** Hands over one JSON value after another until the stream ends. An `error` among them is thrown; abort closes the connection, which stops the engine's work. */
export const readEvents = async (source: Readable, take: (event: EngineEvent) => void, signal: AbortSignal): Promise<void> => {
  const abort = (): void => void source.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, {once: true});
  try {
    signal.throwIfAborted();
    let rest = '';
    source.setEncoding('utf8');
    for await (const part of source) {
      const lines = (rest + String(part)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) handle(line, take);
      if (rest.length > MAX_LINE) throw new Error('the engine sent a line without an end');
    }
    handle(rest, take);
  } finally {
    signal.removeEventListener('abort', abort);
    source.destroy();
  }
};

const handle = (line: string, take: (event: EngineEvent) => void): void => {
  if (line.trim() === '') return;
  const event = JSON.parse(line) as EngineEvent;
  const error = event.errorDetail?.message ?? event.error;
  if (error !== undefined) throw new EngineReport(error);
  take(event);
};

/** What the engine reported inside a stream that had begun well. */
export class EngineReport extends Error {
  override readonly name = 'EngineReport';
}
