import {BoxyardError} from '../errors/index.ts';
import type {Route} from '../api/index.ts';
import type {Gate} from '../rim/http.ts';
import type {Session} from '../services.ts';
import {hashOf} from './access-redis.ts';
import {authorise} from './rules.ts';
import type {Tokens} from './tokens.ts';
import {createVerdicts, type VerdictOptions, type Verdicts} from './verdicts.ts';

/** `cacheMs`: how long a verdict is believed without asking Redis again. */
export interface GateOptions extends VerdictOptions {
  readonly onFault: (error: unknown) => void;
}

/** Revocations reach every open stream of this server at once, of another server within `cacheMs`. */
export interface TokenGate extends Gate {
  revoked(hash: string): void;
  /** The token behind a session, as a record may name it. */
  tokenOf(session: Session): string;
  /** The session of a token that a record names, as it is now. Rejects as `admit`. */
  admitToken(hash: string, verb: Route['verb']): Promise<Session>;
  close(): void;
}

interface Held {
  readonly hash: string;
  readonly end: (error: BoxyardError) => void;
}

const MOST_STREAMS = 512;
const USED_EVERY_MS = 60_000;
const nobody: Session = {tenant: '', actor: 'nobody', access: 'viewer', token: '', tokenName: '', isOperator: false};

export function createGate(options: GateOptions): TokenGate {
  const verdicts = createVerdicts(options);
  const held = new Set<Held>();
  const note = createUseNotes(options);
  const endAll = (hash: string) => {
    for (const each of held) if (each.hash === hash) each.end(new BoxyardError('UNAUTHENTICATED'));
  };
  const recheck = async () => {
    const open = new Set(Array.from(held, each => each.hash));
    await Promise.all(Array.from(open, async hash => (await verdicts.stillHolds(hash)) || endAll(hash)));
  };
  const timer = setInterval(() => void recheck().catch(options.onFault), options.cacheMs / 2);
  timer.unref();
  const admitToken = async (hash: string | undefined, verb: Route['verb']) => {
    const session = hash === undefined ? undefined : await verdicts.find(hash);
    authorise(session, verb);
    note(session!);
    return session!;
  };
  return {
    admit: async (bearer, verb) => (verb === 'none' ? nobody : admitToken(bearer === undefined ? undefined : hashOf(bearer), verb)),
    admitToken,
    tokenOf: session => verdicts.hashOf(session)!,
    hold: (session, end) => hold(held, verdicts, session, end),
    revoked(hash) {
      verdicts.forget(hash);
      endAll(hash);
    },
    close: () => clearInterval(timer),
  };
}

function hold(held: Set<Held>, verdicts: Verdicts, session: Session, end: Held['end']): () => void {
  const hash = verdicts.hashOf(session);
  if (hash === undefined) return () => undefined;
  const count = Array.from(held).filter(each => each.hash === hash).length;
  if (count >= MOST_STREAMS) throw new BoxyardError('TOO_MANY_REQUESTS', {what: 'open streams of one token'});
  const entry: Held = {hash, end};
  held.add(entry);
  return () => void held.delete(entry);
}

/** Writes when a token was last used, once a minute at most. */
function createUseNotes({tokens, now, onFault}: {tokens: Tokens; now: () => number; onFault: (error: unknown) => void}) {
  const used = new Map<string, number>();
  return (session: Session) => {
    if (now() - (used.get(session.token) ?? 0) < USED_EVERY_MS) return;
    used.set(session.token, now());
    void tokens.used(session.token, now()).catch(onFault);
  };
}
