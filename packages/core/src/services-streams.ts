import type {z} from 'zod';
import type {Access, FileStatView, FilesPutView, FolderFileView, FolderView, FoldersPutView} from './api/index.ts';
import type {DataFrame, FileKind, FromAgent, FromServer, TenantId} from './protocol/index.ts';

/** What the subjects offer of streams into boxes: files, terminals, ports. */

/** What a path in a box is asked for by. */
export type FilesOfBox = Omit<Extract<FromServer, {type: 'files.open'}>, 'type' | 'stream' | 'what' | 'credit'>;
/** Files of the boxes of a connected worker, at the pace of both ends; what the worker says is what is rejected with. */
export interface BoxFiles {
  stat(of: FilesOfBox, signal: AbortSignal): Promise<FileKind>;
  /** Single consumer, who must read it or leave it. */
  get(of: FilesOfBox, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Resolves when all is unpacked; where it rejects, a part may be. */
  put(of: FilesOfBox, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number>;
}
/** Files of DevBoxes. `NOT_FOUND`, `CONFLICT` while it is on no worker, `WORKER_OFFLINE`, `ARCHIVE_REFUSED`. */
export interface FileService {
  stat(tenant: TenantId, devbox: string, path: string, signal: AbortSignal): Promise<FileStatView>;
  get(tenant: TenantId, devbox: string, path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  put(
    tenant: TenantId,
    devbox: string,
    path: string,
    from: {readonly tar: AsyncIterable<Uint8Array>; readonly signal: AbortSignal},
  ): Promise<z.infer<typeof FilesPutView>>;
}
/** Who looks on at a terminal through a connected worker. */
export interface TerminalService {
  /** Opens a view at once; throws `WORKER_OFFLINE`. What comes of it is told to `handlers`, in order, `end` last. */
  open(worker: string, request: TerminalToOpen, handlers: TerminalHandlers): TerminalStream;
}
type AgentSays<T extends FromAgent['type']> = Extract<FromAgent, {type: T}>;
export type TerminalToOpen = Omit<Extract<FromServer, {type: 'terminal.open'}>, 'type' | 'stream'>;
type Unaddressed<T> = T extends {stream: number} ? Omit<T, 'stream'> : never;
export interface TerminalStream {
  send(
    command: Unaddressed<
      Extract<FromServer, {type: 'terminal.input' | 'terminal.resize' | 'terminal.take' | 'terminal.redraw' | 'stream.credit'}>
    >,
  ): void;
  /** Stops looking on. Idempotent; no handler is called after it. */
  close(): void;
}
export interface TerminalHandlers {
  answer(message: AgentSays<'terminal.opened' | 'terminal.screen' | 'terminal.took' | 'terminal.control'>): void;
  data(frame: DataFrame): void;
  end(how: Pick<AgentSays<'stream.end'>, 'length' | 'error'>): void;
}
/** Connections to ports inside DevBoxes. */
export interface PortService {
  /** Where it runs; `NOT_FOUND`, and `CONFLICT` where it does not run. */
  find(tenant: TenantId, devbox: string): Promise<PortPlace>;
  /** Connects at once; throws `WORKER_OFFLINE`. What comes of it is told to `handlers`, in order. */
  open(place: PortPlace, port: number, handlers: PortHandlers): PortStream;
}
export interface PortPlace {
  readonly worker: string;
  readonly target: Omit<PortToOpen, 'port'>;
}
export type PortToOpen = Omit<Extract<FromServer, {type: 'port.open'}>, 'type' | 'stream'>;
/** Who looks on at a display through a connected worker. */
export interface DisplayService {
  /** Opens a view at once; throws `WORKER_OFFLINE`. What comes of it is told to `handlers`, in order. */
  view(worker: string, display: DisplayToView, handlers: PortHandlers): PortStream;
}
export type DisplayToView = Omit<Extract<FromServer, {type: 'display.view'}>, 'type' | 'stream'>;
/** The way to the box. It keeps no more than the agent gave credit for; whoever calls sees to that. */
export interface PortStream {
  data(bytes: Uint8Array): void;
  credit(bytes: number): void;
  /** No more comes from this side; the other direction goes on. */
  end(): void;
  /** Cuts both directions. Idempotent; no handler is called after it. */
  close(): void;
}
export interface PortHandlers {
  opened(): void;
  data(bytes: Uint8Array): void;
  credit(bytes: number): void;
  /** No more comes from the box; with an error the whole is cut off, and nothing is called after it. */
  end(error: AgentSays<'stream.end'>['error']): void;
  /** Both directions have ended and every byte is on its way. Last. */
  over(): void;
}
/** Folders of clusters as people see them; paths are as people write them, `shared/plans/today.md`. `NOT_FOUND`. */
export interface FolderService {
  list(tenant: TenantId, cluster: string): Promise<{readonly items: readonly FolderView[]}>;
  /** At and below a path; of all folders where it is empty. */
  files(tenant: TenantId, cluster: string, path: string): Promise<{readonly items: readonly FolderFileView[]}>;
  /** A tar of the same, names relative to the path. Single consumer. */
  get(tenant: TenantId, cluster: string, path: string): Promise<AsyncIterable<Uint8Array>>;
  /** All of it in one step, or nothing. `ARCHIVE_REFUSED`, `LIMIT_REACHED`. */
  put(
    caller: {readonly tenant: TenantId; readonly actor: string; readonly access: Access},
    cluster: string,
    to: {readonly path: string; readonly mirror: boolean},
    tar: AsyncIterable<Uint8Array>,
  ): Promise<FoldersPutView>;
  remove(
    caller: {readonly tenant: TenantId; readonly actor: string; readonly access: Access},
    cluster: string,
    path: string,
  ): Promise<{removed: number}>;
}
/** What of its cluster's folders the jobs of a run see; the names are those of the cluster's and the role's documents. */
export interface FolderPlan {
  readonly shared: readonly string[];
  readonly role: readonly string[];
  /** How long `private` is kept behind a job's end; absent: not at all. Milliseconds. */
  readonly keepPrivateMs?: number | undefined;
  /** What a job deletes is deleted for all. */
  readonly mirror?: true | undefined;
}
