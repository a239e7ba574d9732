import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError} from '@boxyard/core/errors';
import type {Attempt} from '@boxyard/core/protocol';
import {HostClient, type HostClientDeps, type HostEvents, type ViewNote} from './host-client.ts';
import {isRunning, versionsIn} from './running-hosts.ts';
import {jobEntered, lastCallFile} from './session-host/last-call.ts';
import {hostSocketPath} from './session-host/socket-path.ts';
import type {HeldState, HostLengths} from './session-host/wire.ts';

type Of = {readonly job: string; readonly attempt: Attempt};
type Start = Parameters<HostClient['start']>[0];

export interface HostsDeps extends HostClientDeps {
  /** Of the session host that this agent starts. */
  readonly version: string;
}

export interface HostsEvents extends Omit<HostEvents, 'lost'> {
  /** A session host is gone, and with it every stream of the jobs it held; `during`: the job for which it was in a call of its engine. */
  lost(error: Error, held: (of: Of) => boolean, during: string | undefined): void;
}

const LIST_MS = 5_000;
const VIEW_MS = 10_000;
const keyOf = ({job, attempt}: Of) => `${job}.${attempt.number}.${attempt.id}`;

/**
 * The session hosts of this worker: the one of this agent's own code, which takes all new work, and those of other code that
 * were running when it started. They keep what they hold to its end and are then told to end (R33). A job stays with one of
 * them, since a spool has one writer.
 */
export class Hosts {
  readonly #deps: HostsDeps;
  readonly #events: HostsEvents;
  readonly #current: HostClient;
  readonly #older = new Map<string, HostClient>();
  readonly #ownerOf = new Map<string, HostClient>();
  readonly #hostOfView = new Map<number, HostClient>();

  constructor(deps: HostsDeps, events: HostsEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#current = this.#client(deps);
  }

  /** What running session hosts hold. Starts none; one that does not answer within its time is left to itself. */
  async listAlive(): Promise<HeldState[]> {
    const {stateDir, version, engines, log} = this.#deps;
    this.clearAway();
    for (const other of versionsIn(stateDir).filter(one => one !== version))
      this.#older.set(other, this.#client({stateDir, version: other, engines, log}));
    const lists = await Promise.all([...this.#older, [version, this.#current] as const].map(([name, host]) => this.#list(name, host)));
    return lists.flat();
  }

  async start(message: Start): Promise<HeldState> {
    return this.#for(message).start(message);
  }

  async kill(of: Parameters<HostClient['kill']>[0], graceMs: number): Promise<void> {
    await this.#for(of).kill(of, graceMs);
  }

  async lengths(of: Of): Promise<HostLengths> {
    return this.#for(of).lengths(of);
  }

  async append(of: Of, text: string): Promise<void> {
    await this.#for(of).append(of, text);
  }

  /** Looks on at a terminal, through the session host that holds it; what is said of the view goes by `tellView`. */
  async view(...[message, opened]: Parameters<HostClient['view']>): Promise<void> {
    const host = this.#for(message);
    this.#hostOfView.set(message.view, host);
    const late = delay(VIEW_MS, undefined, {ref: false}).then(() => {
      throw new BoxyardError('REQUEST_TIMEOUT', {seconds: VIEW_MS / 1_000});
    });
    await Promise.race([host.view(message, opened), late]);
  }

  tellView(message: ViewNote, bytes?: Uint8Array): void {
    this.#hostOfView.get(message.view)?.note(message, bytes);
    if (message.type === 'view.close') this.#hostOfView.delete(message.view);
  }

  note(message: Exclude<Parameters<HostClient['note']>[0], ViewNote>, bytes?: Uint8Array): boolean {
    const host = this.#for(message);
    const isTaken = host.note(message, bytes);
    if (message.type === 'forget') this.#forgotten(message, host);
    return isTaken;
  }

  /** Removes what ended session hosts of other code left behind. */
  clearAway(): void {
    const {stateDir, version} = this.#deps;
    for (const other of versionsIn(stateDir)) {
      if (other === version || isRunning(stateDir, other)) continue;
      const own = `host-${other}`;
      for (const name of [`${own}.pid`, `${own}.lock`, `${own}.lock-journal`, lastCallFile(other), `session-${own}.mjs`])
        rmSync(join(stateDir, name), {force: true});
      rmSync(hostSocketPath(stateDir, other), {force: true});
    }
  }

  /** This agent ends: a session host that holds nothing need not wait for the next one. One that holds something does. */
  async endIdle(withinMs: number): Promise<void> {
    if ([...this.#ownerOf.values()].includes(this.#current)) return;
    await Promise.race([this.#current.end().catch(() => undefined), delay(withinMs, undefined, {ref: false})]);
  }

  close(): void {
    for (const host of [this.#current, ...this.#older.values()]) host.close();
  }

  #client(deps: HostClientDeps): HostClient {
    const client: HostClient = new HostClient(deps, {
      ...this.#events,
      state: state => {
        this.#ownerOf.set(keyOf(state), client);
        this.#events.state(state);
      },
      lost: error => this.#lost(client, error, jobEntered(deps.stateDir, deps.version)),
    });
    return client;
  }

  async #list(version: string, host: HostClient): Promise<HeldState[]> {
    const late = delay(LIST_MS, undefined, {ref: false});
    const held = await Promise.race([host.listIfAlive().catch((error: unknown) => this.#unanswered(version, error)), late]);
    for (const state of held ?? []) this.#ownerOf.set(keyOf(state), host);
    if (host === this.#current) return held ?? [];
    if (held === undefined) this.#drop(version, host);
    else {
      this.#deps.log('a session host of other code goes on with what it holds', {version, holds: held.length, level: 'info'});
      this.#endIfDone(host);
    }
    return held ?? [];
  }

  #unanswered(version: string, error: unknown): undefined {
    this.#deps.log('a session host cannot be spoken to', {version, error: String(error), level: 'warn'});
    return undefined;
  }

  #for(of: Of): HostClient {
    const owner = this.#ownerOf.get(keyOf(of));
    return owner?.isAlive ? owner : this.#current;
  }

  #forgotten(of: Of, host: HostClient): void {
    this.#ownerOf.delete(keyOf(of));
    this.#endIfDone(host);
  }

  /** Only those of other code: the current one ends by itself when it has been idle. */
  #endIfDone(host: HostClient): void {
    if (host === this.#current || [...this.#ownerOf.values()].includes(host)) return;
    host.end().catch((error: unknown) => this.#deps.log('a session host was not told to end', {error: String(error)}));
  }

  #lost(client: HostClient, error: Error, during: string | undefined): void {
    const lost = new Set([...this.#ownerOf].filter(([, owner]) => owner === client).map(([key]) => key));
    for (const key of lost) this.#ownerOf.delete(key);
    for (const [version, host] of this.#older) if (host === client) this.#drop(version, host);
    this.#events.lost(error, of => lost.has(keyOf(of)), during);
  }

  /** It is gone, or does not understand us; in the latter case it is left to itself. */
  #drop(version: string, host: HostClient): void {
    this.#older.delete(version);
    host.close();
  }
}
