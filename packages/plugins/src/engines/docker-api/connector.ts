import Docker from 'dockerode';
import type {Host} from '@boxyard/core/plugin-api';
import type {Api, Dialect, Endpoint} from './api.ts';
import {nameOf, tryEndpoint} from './endpoint.ts';

/** Calls of one piece of work follow each other closer than that: who has just answered the first is not looked for again. */
const FRESH_MS = 100;

export interface Unusable {
  readonly why: string;
  readonly fix?: string;
}

export interface Connector {
  readonly host: Host;
  readonly dialect: Dialect;
  /** The engine, found anew if it went away; an `unavailable` or `denied` fault if there is none. */
  open(): Promise<Api>;
  /** The engine as it was last found, if it ever was; nobody is asked. */
  last(): Api | undefined;
  /** The engine at a place that is known to answer. */
  at(endpoint: Endpoint): Api;
  /** What stands in the way, or nothing. */
  unusable(): Promise<Unusable | undefined>;
  /** What to type where the engine answers and starts nothing, if that is known. */
  fixOf(why: string): string | undefined;
}

interface Wanted {
  readonly dialect: Dialect;
  readonly host: Host;
  readonly endpoints: () => readonly Endpoint[];
  readonly explain: (tried: readonly string[], code: string | undefined) => Unusable;
  /** Called when nothing answers anywhere: may start a service and return where it listens. */
  readonly launch?: (connectTo: (endpoint: Endpoint) => Api) => Promise<Endpoint | undefined>;
  readonly fixOf?: (why: string) => string | undefined;
}

export const createConnector = (wanted: Wanted): Connector => {
  let known: Api | undefined;
  let foundAt = -Infinity;
  let opening: Promise<Api | Refusal> | undefined;
  const look = (): Promise<Api | Refusal> => (opening ??= search(wanted, known).finally(() => (opening = undefined)));
  return {
    host: wanted.host,
    dialect: wanted.dialect,
    fixOf: why => wanted.fixOf?.(why),
    open: async () => {
      if (known !== undefined && performance.now() - foundAt < FRESH_MS) return known;
      const found = await look();
      if ('tried' in found) throw refuse(wanted, found);
      known = found;
      foundAt = performance.now();
      return found;
    },
    last: () => known,
    at: endpoint => connect(wanted, endpoint),
    unusable: async () => {
      const found = await look();
      if ('tried' in found) return wanted.explain(found.tried, found.code);
      known = found;
      return undefined;
    },
  };
};

interface Refusal {
  readonly tried: readonly string[];
  readonly code: string | undefined;
}

/** Keeps the connection it has while somebody answers there, so that boxes made earlier share it. */
const search = async (wanted: Wanted, known: Api | undefined): Promise<Api | Refusal> => {
  if (known !== undefined && (await tryEndpoint(known.endpoint)) === undefined) return known;
  const endpoints = wanted.endpoints();
  let code: string | undefined;
  for (const endpoint of endpoints) {
    const problem = await tryEndpoint(endpoint);
    if (problem === undefined) return connect(wanted, endpoint);
    code = problem === 'ENOENT' ? code : problem;
  }
  const launched = await wanted.launch?.(endpoint => connect(wanted, endpoint));
  if (launched !== undefined) return connect(wanted, launched);
  return {tried: endpoints.map(nameOf), code};
};

const connect = ({dialect, host}: Wanted, endpoint: Endpoint): Api => ({
  docker: new Docker({...endpoint, version: 'v1.41'}),
  endpoint,
  dialect,
  host,
  attaching: new Map(),
  entrances: new Map(),
  keptNetworks: new Map(),
});

const refuse = ({dialect, host, explain}: Wanted, {tried, code}: Refusal): Error => {
  const {why, fix} = explain(tried, code);
  const isDenied = code === 'EACCES' || code === 'EPERM';
  const more = fix === undefined ? {} : {hint: fix};
  if (isDenied) return host.fault('denied', tried[0] ?? dialect.name, more);
  return host.fault('unavailable', why, more);
};
