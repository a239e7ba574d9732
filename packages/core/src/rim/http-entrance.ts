import type {FastifyRequest} from 'fastify';
import type {IncomingMessage} from 'node:http';
import type {Route} from '../api/index.ts';
import {isBoxyardError} from '../errors/index.ts';
import type {Session} from '../services.ts';
import {bearerOf} from './http-credential.ts';
import type {Gate} from './http.ts';
import type {EdgeLimits} from './http-limits.ts';
import type {Remotes} from './http-remote.ts';

/** A request that nothing has read yet. */
export interface Unread {
  readonly params: Readonly<Record<string, string>>;
  /** Values by lower-case name, as often as each came. */
  readonly headers: IncomingMessage['headersDistinct'];
  readonly bytes: Uint8Array;
}

export interface Proved {
  readonly session: Session;
  /** Tells a repeat of the same message, in the place of an idempotency key. */
  readonly key: string;
}

/** What a route takes in the place of a token. Where a request brings both, the token has the say. */
export interface Proof {
  isOffered(headers: IncomingMessage['headersDistinct']): boolean;
  /** Over the bytes as they came. `UNAUTHENTICATED`, whatever is wrong with it. */
  prove(asked: Unread): Promise<Proved>;
}

export type Entered = Pick<Proved, 'session'> & Partial<Proved>;

/** Within its limits, known, and allowed. */
export interface Entrance {
  enter(request: FastifyRequest, verb: Route['verb'], proof?: Proof): Promise<void>;
  /** To be called with a body before it is parsed: who proves themselves by it are let in now, or never. */
  read(request: FastifyRequest, bytes: Uint8Array): Promise<void>;
  /** Who it is. A request without a body is read by this. */
  entered(request: FastifyRequest): Promise<Entered>;
}

interface Guards {
  readonly gate: Gate;
  readonly limits: EdgeLimits;
  readonly remotes: Remotes;
}

export function createEntrance(guards: Guards): Entrance {
  const known = new WeakMap<FastifyRequest, Entered>();
  const proofs = new WeakMap<FastifyRequest, Proof>();
  const read: Entrance['read'] = async (request, bytes) => {
    const {params, raw} = request;
    const asked = {params: params as Record<string, string>, headers: raw.headersDistinct, bytes};
    const proved = await proofs.get(request)?.prove(asked);
    if (proved !== undefined) known.set(request, proved);
  };
  return {
    async enter(request, verb, proof) {
      const {raw} = request;
      if (proof === undefined || bearerOf(raw) !== undefined || !proof.isOffered(raw.headersDistinct))
        return void known.set(request, {session: await admit(guards, raw, verb)});
      guards.limits.enter({remote: guards.remotes.of(raw), credential: undefined});
      proofs.set(request, proof);
    },
    read,
    async entered(request) {
      if (!known.has(request)) await read(request, new Uint8Array());
      return known.get(request)!;
    },
  };
}

async function admit({gate, limits, remotes}: Guards, raw: IncomingMessage, verb: Route['verb']): Promise<Session> {
  const credential = verb === 'none' ? undefined : bearerOf(raw);
  limits.enter({remote: remotes.of(raw), credential});
  if (credential === undefined) return gate.admit(credential, verb);
  try {
    const session = await gate.admit(credential, verb);
    limits.proved(credential, true);
    return session;
  } catch (error) {
    if (isBoxyardError(error) && error.code === 'UNAUTHENTICATED') limits.proved(credential, false);
    throw error;
  }
}
