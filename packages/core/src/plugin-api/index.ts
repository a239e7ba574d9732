/**
 * The contract between Boxyard and its plugins. Types only: a plugin needs no run-time import of ours.
 * Why it is as it is: docs/decisions/0005-engine-contract.md.
 */
import type {Duplex, Readable, Writable} from 'node:stream';

/** Raised when a method changes meaning; a new optional feature does not raise it. */
export const PLUGIN_API = 1;

/**
 * Runs boxes on one machine. Several instances may live at once (agent, session host): the truth is in the engine, never in the
 * instance. All methods may be called concurrently. Order for one box: create → start → (output, wait, features) → stop → remove.
 * A call ends soon after its signal aborts and then leaves nothing half-made. Rejections are made by `host.fault`.
 */
export interface Engine {
  /** Usable here, and what this machine can promise. Cheap; called on a timer. */
  probe(signal: AbortSignal): Promise<Probe>;
  /** Idempotent by name: an existing box with the same labels is returned, with other labels it is a `conflict`. */
  create(spec: BoxSpec, signal: AbortSignal): Promise<Box>;
  /** The name is the handle: this is how a box is found again after any restart. */
  find(name: string, signal: AbortSignal): Promise<Box | undefined>;
  /** Every box that carries all these labels, in any state. */
  list(labels: Labels, signal: AbortSignal): Promise<readonly Box[]>;
  /** What it can do beyond running a job. The keys are the wire's feature names; there is no other flag. */
  readonly features: Features;
  close?(): Promise<void>;
}
/** `fix` is the command a person should type; `doctor` prints it. */
export type Probe =
  | {readonly usable: true; readonly version: string; readonly labels: Labels; readonly enforces: readonly Restriction[]}
  | {readonly usable: false; readonly why: string; readonly fix?: string};
/** A security profile may run where everything it restricts is in `enforces`. */
export type Restriction = 'memory' | 'cpus' | 'pids' | 'network' | 'filesystem' | 'privileges';

export interface Box {
  readonly name: string;
  readonly labels: Labels;
  inspect(signal: AbortSignal): Promise<BoxState>;
  /** `stdin` is connected before the main process runs and its end is EOF. Starting a running box does nothing. */
  start(stdin: Readable | undefined, signal: AbortSignal): Promise<void>;
  /** Asks, waits `graceMs`, kills the whole tree. Idempotent. */
  stop(graceMs: number, signal: AbortSignal): Promise<void>;
  /** Removes every trace but named volumes. Idempotent, in any state. */
  remove(signal: AbortSignal): Promise<void>;
  /** The main process's end, also when it was long ago. A failing program is a value; a rejection means the engine failed. */
  wait(signal: AbortSignal): Promise<Exit>;
  /** The main process's bytes from these offsets on, live, to the last one; may be opened before `start`. Equal offsets give equal bytes; after a restart as exactly as the engine's log allows; a jump in `offset` is what the engine no longer has. The session host reads it live into its spool; it is asked again only after the session host died, and such bytes are marked `reconstructed`. */
  output(from: Offsets, signal: AbortSignal): AsyncIterable<Chunk>;
}

export interface Features {
  /** With `exec` an engine can hold DevBoxes; without it, it runs jobs only. */
  exec?(box: Box, command: Command, signal: AbortSignal): Promise<Process>;
  /** Kills every process of the box that has this variable in its environment; the number found. For an exec nobody holds any more. */
  killMarked?(box: Box, variable: {readonly name: string; readonly value: string}, signal: AbortSignal): Promise<number>;
  terminal?(box: Box, command: Command, size: Size, signal: AbortSignal): Promise<Terminal>;
  /** A byte stream to a loopback port inside, half-close kept; needs no network of the box. */
  connect?(box: Box, port: number, signal: AbortSignal): Promise<Duplex>;
  /** One sample; rates are the caller's. */
  stats?(box: Box, signal: AbortSignal): Promise<Usage>;
  images?: Images;
  /** Abort stops the build in the engine too. */
  build?(build: Build, log: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<Image>;
  /** The root file system as an image; mounts are not in it. A running box keeps running. */
  snapshot?(box: Box, ref: string, labels: Labels, signal: AbortSignal): Promise<Image>;
  /** Whole files and folders as tar streams. `put` works on a created box that never ran, and on a running one; `get` on any. */
  files?: Files;
  /** Removes a volume and all in it, which no box uses; one that is not there is no fault. Without it volumes stay, and jobs share directories by `bind`. */
  removeVolume?(name: string, signal: AbortSignal): Promise<void>;
  /** A network from which only the returned address, on this machine, is reachable. Idempotent by name. */
  gateway?(name: string, signal: AbortSignal): Promise<{readonly address: string}>;
}

/** A field the engine cannot honour is refused by `create` as `unsupported`, never ignored. */
export interface BoxSpec {
  /** Ours: [a-z0-9-]{1,63}, unique on the machine, the same for the same job and attempt. */
  readonly name: string;
  readonly labels: Labels;
  /** With registry (`docker.io/library/debian:12`, `localhost/mine:1`) or digest. Pulled before, never by `create`. */
  readonly image?: string;
  /** Absent: what the image says. `hold`: stay up and do nothing, which makes a DevBox. */
  readonly main?: readonly string[] | 'hold';
  /** Without containers, a value that is the `target` of a mount becomes where that is on this machine. */
  readonly env: Labels;
  readonly cwd?: string;
  readonly user?: string;
  readonly stdin: boolean;
  readonly limits: {readonly memoryBytes?: number; readonly cpus?: number; readonly pids?: number};
  readonly mounts: readonly Mount[];
  readonly ports: readonly {readonly inside: number; readonly host: number; readonly address: string}[];
  /** Absent (`open`): what the engine does by itself. */
  readonly network?: 'none' | 'private' | 'host' | {readonly gateway: string};
  /** `least`: no capability, no new privileges. `usual`: the engine's set less raw sockets and device nodes, no new privileges. */
  readonly privileges?: 'least' | 'usual' | 'all';
  readonly readOnlyRoot: boolean;
}
export type Mount = {readonly target: string; readonly readOnly: boolean} & (
  | {readonly kind: 'bind'; readonly source: string}
  | {readonly kind: 'volume'; readonly name: string}
  | {readonly kind: 'tmpfs'; readonly bytes: number}
);
export type BoxState =
  | {readonly is: 'created'}
  | {readonly is: 'running' | 'paused'; readonly since: string}
  | {readonly is: 'exited'; readonly exit: Exit; readonly at: string}
  | {readonly is: 'gone'};
/** `unknown`: an end nobody saw, such as a power cut. It is never shown as code 0. */
export type Exit = {readonly code: number; readonly outOfMemory?: true} | {readonly unknown: string};
export interface Chunk {
  readonly stream: 'stdout' | 'stderr';
  readonly offset: number;
  readonly bytes: Uint8Array;
}
export type Offsets = Readonly<Record<Chunk['stream'], number>>;
export type Labels = Readonly<Record<string, string>>;
export interface Size {
  readonly columns: number;
  readonly rows: number;
}
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Labels;
  readonly cwd?: string;
  readonly user?: string;
}
/** Lives as long as the instance that started it, which is why a session host holds it. */
export interface Process {
  readonly stdin: Writable;
  /** Single consumer; while unread, the program waits. Ends after the last byte and before `wait` resolves. */
  readonly output: AsyncIterable<Chunk>;
  wait(): Promise<Exit>;
  /** The whole tree. Idempotent. */
  kill(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<void>;
}
/** All its bytes are `stdout`. Resizing an ended one does nothing. */
export interface Terminal extends Process {
  resize(size: Size): Promise<void>;
}
export interface Usage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly pids?: number;
  readonly diskBytes?: number;
  readonly receivedBytes?: number;
  readonly sentBytes?: number;
}
/** Only regular files, directories and links inside the archive's own root pass; anything else is `invalid`. */
export interface Files {
  /** Extracts into `path`, which is made if missing; owner is the image's user where the engine can. */
  put(box: Box, path: string, tar: Readable, signal: AbortSignal): Promise<void>;
  /** A tar of `path`, its entries relative to the parent of `path`; `not-found` if there is none. */
  get(box: Box, path: string, signal: AbortSignal): Promise<Readable>;
}
export interface Images {
  find(ref: string, signal: AbortSignal): Promise<Image | undefined>;
  list(signal: AbortSignal): Promise<readonly Image[]>;
  pull(
    ref: string,
    login: {readonly user: string; readonly secret: string} | undefined,
    progress: (step: string, done: number, total?: number) => void,
    signal: AbortSignal,
  ): Promise<Image>;
  remove(ref: string, signal: AbortSignal): Promise<void>;
}
export interface Image {
  readonly id: string;
  readonly refs: readonly string[];
  readonly bytes: number;
  readonly createdAt: string;
  readonly platform: string;
  readonly labels: Labels;
  readonly command: readonly string[];
}
/** `context` is a tar stream, `file` a path in it. */
export interface Build {
  readonly context: Readable;
  readonly file: string;
  readonly ref: string;
  readonly args: Labels;
  readonly target?: string;
  readonly labels: Labels;
  readonly cache: boolean;
  /** Of each of its steps, which also have a network of their own and never the machine's. */
  readonly limits?: {readonly memoryBytes?: number; readonly cpus?: number};
}

/** Makes a box's screen watchable. Never hears an engine's name: it may run a program in the box and reach a port of it. */
export interface Display {
  open(box: Pick<Reach, 'exec' | 'connect'>, size: {readonly width: number; readonly height: number}, signal: AbortSignal): Promise<Screen>;
}
export interface Reach {
  exec(command: Command, signal: AbortSignal): Promise<Process>;
  connect(port: number, signal: AbortSignal): Promise<Duplex>;
}
/** One `view` per viewer; the host parses `protocol` and drops the input of viewers who may only look. */
export interface Screen {
  readonly protocol: 'rfb';
  readonly ended: Promise<string>;
  view(signal: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}
/** Tells the outside world. One call at a time per endpoint, in `seq` order; an event may come again with the same id. */
export interface Reporter {
  report(event: BoxyardEvent, signal: AbortSignal): Promise<'delivered' | 'gone' | {readonly why: string; readonly retryInMs?: number}>;
}
/** CloudEvents 1.0; `actor` reads `user:anna`, `worker:nas`, `trigger:nightly`. */
export interface BoxyardEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly tenant: string;
  readonly actor: string;
  /** `<incarnation>.<n>`, compared as two numbers. */ readonly seq: string;
  readonly data: unknown;
}

export type Kinds = {engine: Engine; display: Display; reporter: Reporter};
/** A module's default export, with no run-time import of ours: `export default {…} satisfies Plugin<'engine', Config>`. */
export interface Plugin<K extends keyof Kinds, Config> {
  readonly kind: K;
  readonly name: string;
  readonly api: {readonly oldest: number; readonly newest: number};
  readonly config: Schema<Config>;
  create(config: Config, host: Host): Kinds[K] | Promise<Kinds[K]>;
}
/** All a plugin may know of us. `stateDir` is its own and outlives it. */
export interface Host {
  readonly stateDir: string;
  log(level: 'debug' | 'info' | 'warn', message: string, fields?: object): void;
  fault(code: Fault, message: string, more?: {readonly cause?: unknown; readonly hint?: string}): Error;
}
/** The first three are tried again; the rest are answers. `failed`: the backend itself broke and said so. */
export type Fault =
  'unavailable' | 'timeout' | 'busy' | 'unsupported' | 'not-found' | 'conflict' | 'denied' | 'no-space' | 'invalid' | 'failed';
/** Standard Schema 1 (zod 4 and others speak it): a plugin brings its own validator, in its own version. */
export interface Schema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: {readonly input: unknown; readonly output: T} | undefined;
    validate(value: unknown): Checked<T> | Promise<Checked<T>>;
  };
}
export type Checked<T> = {readonly value: T; readonly issues?: undefined} | {readonly issues: readonly {readonly message: string}[]};

/** A conformance case is data: CI, `boxyard plugins verify` and an author's laptop loop over one list, in any test runner. */
export interface Case {
  readonly name: string;
  readonly needs: readonly (keyof Features)[];
  /** What only some labs can do; where one cannot, the case is left out. */
  readonly asks?: readonly ('restart' | 'hung')[];
  /** Nothing else runs meanwhile. */
  readonly isAlone?: boolean;
  run(engine: Engine, lab: Lab): Promise<void>;
}
/** `spec` has a fresh name and, where the engine has images, one with `sh`; `reopen` is a second instance, as after a restart; `leftovers` must end empty. */
export interface Lab {
  readonly signal: AbortSignal;
  spec(change?: Partial<BoxSpec>): BoxSpec;
  reopen(): Promise<Engine>;
  leftovers(): Promise<readonly string[]>;
  /** A fresh name for an image, which is removed in the end. */
  imageName(): string;
  /** The backend ends and comes back, as by `systemctl restart`; resolves when it answers again. */
  restart?(): Promise<void>;
  /** An instance whose backend takes connections and never answers. */
  hung?(): Promise<Engine>;
}
