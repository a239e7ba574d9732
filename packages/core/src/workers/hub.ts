import type {WebSocket} from 'ws';
import {newId} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import type {Corkable, FromServer, Query} from '../protocol/index.ts';
import type {BoxFiles, DisplayToView, PortHandlers, PortStream, PortToOpen, TerminalService} from '../services.ts';
import {AgentLink, type Identity} from './agent-link.ts';
import {AgentSession} from './agent-session.ts';
import type {HubDeps} from './hub-deps.ts';

/** The agents' sockets of this server: at most one live connection per worker, everything an agent sends passes here. */
export interface Hub {
  /** Takes over a socket whose credential was checked, and the connection it writes to; the hub closes it. */
  accept(socket: WebSocket, wire: Corkable, identity: Identity): void;
  isConnected(worker: string): boolean;
  /** Asks one worker; rejects with `WORKER_OFFLINE`, `REQUEST_TIMEOUT` after 5 s, or what the agent answered. */
  ask(worker: string, of: Query): Promise<unknown>;
  /** Looks on at a terminal of a connected worker; throws `WORKER_OFFLINE`. */
  readonly openTerminal: TerminalService['open'];
  /** Files of the boxes of a connected worker; throws `WORKER_OFFLINE`. */
  filesOn(worker: string): BoxFiles;
  /** Connects to a port inside a box of a connected worker; throws `WORKER_OFFLINE`. */
  /** Opens a view of a display; throws `WORKER_OFFLINE`. */
  viewDisplay(worker: string, request: DisplayToView, handlers: PortHandlers): PortStream;
  openPort(worker: string, request: PortToOpen, handlers: PortHandlers): PortStream;
  /** Lines for the stream `log` of a job that runs there; throws `WORKER_OFFLINE`. */
  log(worker: string, message: Omit<Extract<FromServer, {type: 'job.log'}>, 'type'>): void;
  /** There is something new in these workers' outboxes. */
  ring(workers: Iterable<string>): void;
  /** Closes a worker's socket, for example because its credential ended (4403). */
  disconnect(worker: string, code: number, reason: string): void;
  /** After Redis may have rolled back: asks every agent what it holds and reads outboxes anew; ends when all answered or 10 s passed. */
  askJournals(): Promise<void>;
  /** For metrics: workers connected here, and how often one connection took the place of another since this process began. */
  figures(): {readonly connected: number; readonly takeovers: number};
  /** Closes every socket with 1012, so that agents come back after a random short while. Bounded. */
  close(): Promise<void>;
}

export function createHub(deps: HubDeps): Hub {
  const sessions = new Map<string, AgentSession>();
  const opening = new Set<AgentLink>();
  let isClosing = false;
  let takeovers = 0;

  const enter = async (own: AgentSession): Promise<'in' | 'duplicate'> => {
    const old = sessions.get(own.link.identity.worker);
    const verdict = await admit(own, old, deps);
    if (verdict === 'in' && old !== undefined) takeovers += 1;
    return verdict;
  };
  const accept = (socket: WebSocket, wire: Corkable, identity: Identity): void => {
    if (isClosing) return socket.close(1012, 'restarting');
    const link = new AgentLink(socket, wire, {identity, timing: deps.timing});
    opening.add(link);
    const session = new AgentSession(link, {
      ...deps,
      admit: enter,
      onReady: own => {
        opening.delete(link);
        sessions.set(identity.worker, own);
      },
      onGone: own => {
        opening.delete(link);
        if (sessions.get(identity.worker) === own) sessions.delete(identity.worker);
        return sessions.has(identity.worker);
      },
    });
    session.start();
  };

  const sessionOf = (worker: string): AgentSession => greeted(sessions.get(worker)) ?? offline(worker, deps);

  return {
    accept,
    isConnected: worker => sessions.has(worker),
    ask: async (worker, of) => sessionOf(worker).ask(newId('e'), of),
    filesOn: worker => sessionOf(worker).files,
    openTerminal: (worker, request, handlers) => sessionOf(worker).streams.openTerminal(request, handlers),
    viewDisplay: (worker, request, handlers) => sessionOf(worker).streams.viewDisplay(request, handlers),
    openPort: (worker, request, handlers) => sessionOf(worker).streams.openPort(request, handlers),
    log: (worker, message) => sessionOf(worker).link.send({type: 'job.log', ...message}),
    ring: workers => Array.from(workers).forEach(worker => sessions.get(worker)?.ring()),
    disconnect: (worker, code, reason) => sessions.get(worker)?.link.close(code, reason),
    askJournals: async () => void (await Promise.all(Array.from(sessions.values(), each => each.askJournal(deps.timing.journalWait)))),
    figures: () => ({connected: sessions.size, takeovers}),
    close: async () => {
      isClosing = true;
      await closeAll(opening, sessions);
    },
  };
}

async function closeAll(opening: ReadonlySet<AgentLink>, sessions: ReadonlyMap<string, AgentSession>): Promise<void> {
  for (const link of [...opening, ...Array.from(sessions.values(), session => session.link)]) link.close(1012, 'restarting');
  const end = performance.now() + 3_000;
  while (sessions.size > 0 && performance.now() < end) await new Promise(resolve => setTimeout(resolve, 10));
}

const greeted = (session: AgentSession | undefined): AgentSession | undefined => (session?.isGreeted === true ? session : undefined);

function offline(worker: string, {table}: HubDeps): never {
  throw new BoxyardError('WORKER_OFFLINE', {worker: table.get(worker)?.record.name ?? worker});
}

/**
 * Which of two sockets of one worker is obeyed (B9, R20). The same process takes over at once; another one only where the old
 * socket does not answer a probe. Take-overs between machines or boots are counted: more than three in 10 min is two agents
 * with one credential.
 */
async function admit(own: AgentSession, old: AgentSession | undefined, deps: HubDeps): Promise<'in' | 'duplicate'> {
  if (old === undefined || old === own || !old.link.isOpen) return 'in';
  if (old.link.process === own.link.process) {
    old.link.terminate('replaced by a newer connection of the same agent');
    return 'in';
  }
  const isOther = old.link.machine !== own.link.machine || old.link.boot !== own.link.boot;
  if (await old.link.probe(deps.timing.query)) {
    await noteDuplicate(own.link.identity.worker, old.link.machine !== own.link.machine, deps);
    return 'duplicate';
  }
  old.link.terminate('replaced by another agent');
  if (isOther) await countTakeover(own.link.identity.worker, deps);
  return 'in';
}

const duplicateAgainMs = 60_000;

/** Never silently (B9): it may be a copy that somebody forgot, or a credential that was stolen. It comes again for ever, so not each time. */
async function noteDuplicate(worker: string, isOtherMachine: boolean, {workers, table, store}: HubDeps): Promise<void> {
  const now = store.rim.clock.now();
  const after = await workers.update(worker, record => {
    const {duplicate} = record;
    if (duplicate !== undefined && duplicate.isOtherMachine === isOtherMachine && now - duplicate.at < duplicateAgainMs) return undefined;
    return {
      after: {...record, duplicate: {at: now, isOtherMachine}},
      fact: {type: 'worker.duplicate', actor: 'server', data: {isOtherMachine}},
    };
  });
  if (after !== undefined) table.set(after);
}

const takeoverWindowMs = 600_000;

async function countTakeover(worker: string, {workers, table, store}: HubDeps): Promise<void> {
  const now = store.rim.clock.now();
  const after = await workers.update(worker, record => {
    const takeovers = [...(record.takeovers ?? []).filter(at => now - at < takeoverWindowMs), now];
    const isTooMany = takeovers.length > 3;
    return {
      after: {...record, takeovers, ...(isTooMany ? {quarantined: {at: now}} : {})},
      fact: isTooMany ? {type: 'worker.quarantined', actor: 'server', data: {}} : undefined,
    };
  });
  if (after !== undefined) table.set(after);
}
