import type {Readable, Writable} from 'node:stream';
import {paths, type Paths} from '@boxyard/core/config';
import {colours, hasColour, type Colours} from '../output/colours.ts';
import {printer, type Printer} from '../output/print.ts';
import {safeText} from '../output/safe-text.ts';
import {connect, type Connection} from '../services/connection.ts';
import {resolveSettings} from '../services/user-config.ts';
import {createAsking, type Asking} from './asking.ts';
import type {Format} from './flags.ts';

/** The part of a process that commands may see. */
export interface Program {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  readonly execPath: string;
  /** The folder that holds `bin` and `dist`. */
  readonly root: string;
  readonly version: string;
  readonly stdin: Readable & {readonly isTTY?: boolean; setRawMode?(on: boolean): unknown};
  readonly stdout: Writable & {readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number};
  readonly stderr: Writable & {readonly isTTY?: boolean; readonly columns?: number};
  readonly now: () => number;
  /** Calls back for each such signal until the function returned is called; meanwhile it does not end the process. */
  onSignal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT' | 'SIGPIPE' | 'SIGTSTP' | 'SIGCONT', listener: () => void): () => void;
}

export interface GlobalFlags {
  readonly output?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly 'no-headers': boolean;
  readonly 'no-truncate': boolean;
  readonly 'no-color': boolean;
  readonly 'no-input': boolean;
  readonly yes: boolean;
  readonly debug: boolean;
  readonly server?: string | undefined;
  readonly 'request-timeout'?: number | undefined;
  /** Of commands that have it. */
  readonly 'dry-run'?: boolean | undefined;
}

/** What a command gets: data goes to `print`, words to `say`; nothing else writes. */
export interface Context extends Asking {
  readonly program: Program;
  readonly paths: Paths;
  readonly flags: GlobalFlags;
  readonly print: Printer;
  /** A message for the person, on stderr; quiet with `-q`. */
  say(line: string): void;
  readonly colours: Colours;
  /** The value of a setting: environment, config.yaml, default; a flag is the command's own business. */
  setting(key: string): string;
  /** The server, found by flag, environment, login or `boxyard up`; `NO_SERVER` where there is none. */
  connect(): Promise<Connection>;
}

export async function createContext(program: Program, flags: GlobalFlags): Promise<Context> {
  const at = paths(program.env);
  const settings = new Map((await resolveSettings(at, program.env)).map(row => [row.key, row.value]));
  const setting = (key: string) => settings.get(key) ?? '';
  const say = (line: string) => void (flags.quiet || program.stderr.write(`${safeText(line)}\n`));
  const isColoured = hasColour(program.stdout.isTTY === true, program.env, flags['no-color']);
  const sink = {
    write: (text: string) => void program.stdout.write(text),
    columns: program.stdout.isTTY && !flags['no-truncate'] ? program.stdout.columns : undefined,
  };
  const format = flags.json ? 'json' : ((flags.output ?? setting('output')) as Format);
  const style = {
    format: format === 'wide' ? ('table' as const) : format,
    wide: format === 'wide',
    quiet: flags.quiet,
    headers: !flags['no-headers'],
    now: program.now,
    bold: colours(isColoured).bold,
  };
  return {
    program,
    paths: at,
    flags,
    print: printer(sink, say, style),
    say,
    colours: colours(hasColour(program.stderr.isTTY === true, program.env, flags['no-color'])),
    ...createAsking(program, flags),
    setting,
    connect: () =>
      connect({
        env: program.env,
        paths: at,
        server: flags.server ?? (setting('server') || undefined),
        timeoutMs: flags['request-timeout'],
        isDryRun: flags['dry-run'],
      }),
  };
}
