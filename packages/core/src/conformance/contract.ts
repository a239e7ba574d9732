/** What the conformance kit takes and gives. Types only. */
import type {BoxyardEvent, Engine, Kinds, Reach, Reporter, Display, Case} from '../plugin-api/index.ts';

export interface VerifyOptions {
  /** A module's default export. */
  readonly plugin: unknown;
  /** Names it in messages until it has said its own name. */
  readonly module: string;
  /** Of a reporter every text `$RECEIVER` in it becomes the address of a receiver of the kit's own, such as `http://127.0.0.1:4711`. */
  readonly config?: unknown;
  /** An empty folder. What is left in it afterwards is the caller's to remove. */
  readonly stateDir: string;
  /** Ends everything: what was made is removed, and the rest of the cases count as left out. */
  readonly signal: AbortSignal;
  /** With `sh` and the usual small programs, already there. Of engines that have images, and of the engine a display is tried with. */
  readonly image?: string | undefined;
  /** Makes the engine's backend end and come back; resolves when it answers again. Without it the case is left out. */
  readonly restart?: (() => Promise<void>) | undefined;
  /** The config by which the engine asks a backend that takes connections and never answers; `$HUNG` in it becomes a socket's path. */
  readonly hungConfig?: unknown;
  /** What a display is tried with. */
  readonly engine?: Engine | undefined;
  /** Only the cases whose name this says yes to. */
  readonly only?: ((name: string) => boolean) | undefined;
  /** How long a case may take; 120,000. */
  readonly caseMs?: number | undefined;
  /** How many cases run at a time; 4. */
  readonly atATime?: number | undefined;
  /** Before anything runs. */
  readonly onPlan?: ((cases: number) => void) | undefined;
  /** Before each case that is run. */
  readonly onStart?: ((name: string) => void) | undefined;
  /** After each case. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
}

export interface CaseResult {
  readonly name: string;
  /** The features of an engine it is about; empty: what every plugin must do. */
  readonly needs: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'left-out';
  /** Why it failed or was left out. */
  readonly why?: string | undefined;
  readonly ms: number;
}

/** One line of the matrix: `contract`, a feature, or a restriction. */
export interface Capability {
  readonly name: string;
  readonly kind: 'contract' | 'feature' | 'restriction';
  /** The plugin says that it has it. */
  readonly isOffered: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly leftOut: number;
}

export interface Report {
  readonly name: string;
  readonly kind: keyof Kinds;
  /** `unusable`: the engine's probe says so, and nothing was tried. `incomplete`: it was interrupted. */
  readonly verdict: 'holds' | 'fails' | 'unusable' | 'incomplete';
  readonly why?: string | undefined;
  readonly fix?: string | undefined;
  readonly capabilities: readonly Capability[];
  readonly cases: readonly CaseResult[];
}

/** Loops over the cases of the plugin's kind. Rejects where the definition or the config is none; a case that fails is a value. */
export type VerifyPlugin = (options: VerifyOptions) => Promise<Report>;

export type EngineCase = Case;

export interface ReporterCase {
  readonly name: string;
  /** It wants to see what arrives, so the config must say `$RECEIVER`. */
  readonly needsReceiver: boolean;
  run(lab: ReporterLab): Promise<void>;
}
export interface ReporterLab {
  readonly signal: AbortSignal;
  /** An event that is like the others and newer than all before. */
  event(change?: Partial<BoxyardEvent>): BoxyardEvent;
  /** A reporter that tells this receiver; each with a state folder of its own. */
  open(receiver?: Receiver): Promise<Reporter>;
  /** Somebody who is told: takes everything, or does what it is told here. */
  receive(answer?: Answer): Promise<Receiver>;
}
export type Answer = (request: Received, response: import('node:http').ServerResponse) => void;
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
export interface Receiver {
  readonly origin: string;
  readonly received: readonly Received[];
}

export interface DisplayCase {
  readonly name: string;
  run(display: Display, lab: DisplayLab): Promise<void>;
}
export interface DisplayLab {
  readonly signal: AbortSignal;
  readonly size: {readonly width: number; readonly height: number};
  /** A box that is up. */
  box(): Promise<DisplayBox>;
}
export interface DisplayBox extends Reach {
  /** How many processes run in it. */
  processes(): Promise<number>;
  stop(): Promise<void>;
}
