import type {Timing} from '@boxyard/core/config';
import type {BoxyardError} from '@boxyard/core/errors';
import type {FollowingClock} from './clock.ts';
import type {AgentConfig} from './config.ts';
import type {Displays} from './displays.ts';
import type {DiskFigures} from './disk-guard.ts';
import type {HostProgram} from './host-spawn.ts';
import type {Journal} from './journal.ts';
import type {PluginDeaths} from './plugin-deaths.ts';
import type {EngineToLoad} from './session-host/wire.ts';
import type {StateLock} from './state-lock.ts';
import type {CrashPoint} from './steps/index.ts';

export interface AgentDeps {
  readonly timing: Timing;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (message: string, fields?: object) => void;
  readonly version: string;
  readonly hostProgram: HostProgram;
  /** The server refused this worker for good, and says why. */
  readonly onStopped: (error: BoxyardError) => void;
  readonly crash?: (at: CrashPoint) => void;
  /** How full the disk of a folder is. */
  readonly disk?: (dir: string) => DiskFigures;
  readonly clock?: FollowingClock;
}

export interface Agent {
  /** `connected`, or why it is not. */
  readonly status: () => string;
  /** Lets go of everything and ends nothing: boxes and the session host go on. */
  close(): Promise<void>;
}

/** What a running agent begins with, and keeps. */
export interface AgentBase {
  readonly config: AgentConfig;
  readonly deps: AgentDeps;
  readonly lock: StateLock;
  readonly journal: Journal;
  readonly machine: string;
  readonly clock: FollowingClock;
  readonly deaths: PluginDeaths;
  /** What a session host loads as well. */
  readonly found: readonly EngineToLoad[];
  readonly displays: Displays;
}
