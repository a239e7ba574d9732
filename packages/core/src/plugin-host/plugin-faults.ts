import type {Fault, Host} from '../plugin-api/index.ts';

const brand = Symbol.for('boxyard.fault');

/** What `host.fault` made: a code the host understands, and words for a person. */
export interface PluginFault extends Error {
  readonly [brand]: true;
  readonly fault: Fault;
  readonly hint?: string;
}

export type PluginLog = (level: 'debug' | 'info' | 'warn', message: string, fields: object) => void;

/** A flood of lines would fill the disk, and keep whoever writes them from all else. */
const MOST_LINES = 500;
const LINES_MS = 60_000;
const MOST_CHARS = 4_096;

/** Passes on so many lines a minute, each as far as it may go, and says how many it left out before the next one. */
function bounded(plugin: string, log: PluginLog, now: () => number): PluginLog {
  let since = now();
  let lines = 0;
  return (level, message, fields) => {
    if (now() - since >= LINES_MS) {
      if (lines > MOST_LINES) log('warn', `${lines - MOST_LINES} lines were left out: a plugin may write ${MOST_LINES} a minute`, {plugin});
      since = now();
      lines = 0;
    }
    lines += 1;
    if (lines <= MOST_LINES) log(level, String(message).slice(0, MOST_CHARS), {...small(fields), plugin});
  };
}

/** All a plugin may know of us; its log lines carry its name, and are no more than can be kept. */
export const createHost = (plugin: string, stateDir: string, log: PluginLog, now = () => performance.now()): Host => {
  const own = bounded(plugin, log, now);
  return {
    stateDir,
    log: (level, message, fields = {}) => own(level, message, fields),
    fault: (fault, message, {cause, hint} = {}) =>
      Object.assign(new Error(message, cause === undefined ? undefined : {cause}), {
        [brand]: true,
        fault,
        ...(hint === undefined ? {} : {hint}),
      }),
  };
};

/** Left as they are where they fit, so that whoever writes them sees to what JSON does not know. */
function small(fields: object): object {
  const text = textOf(fields);
  return text.length <= MOST_CHARS ? fields : {fields: text.slice(0, MOST_CHARS)};
}

function textOf(fields: object): string {
  try {
    return JSON.stringify(fields) ?? '';
  } catch {
    return '';
  }
}

export const isPluginFault = (value: unknown): value is PluginFault => value instanceof Object && brand in value;
