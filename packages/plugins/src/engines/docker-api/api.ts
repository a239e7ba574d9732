import type {Entrance} from './entrance.ts';
import type {Readable} from 'node:stream';
import type Docker from 'dockerode';
import type {Host, Labels} from '@boxyard/core/plugin-api';
import {faultOf} from './errors.ts';

/** Where the engine listens; the hijacked streams need it beside dockerode. */
export type Endpoint = {readonly socketPath: string} | {readonly host: string; readonly port: number};

/** In what docker and podman differ behind one API. */
export interface Dialect {
  readonly name: 'docker' | 'podman';
  readonly log: {readonly Type: string; readonly Config: Record<string, string>};
  /** The main process's own log, exact when read after the end; a log stream is the fallback where the file cannot be opened. */
  readonly logFormat: 'k8s-file' | 'stream';
  /** docker's wait answers at once; podman's polls, so there the process itself is watched. */
  readonly wait: 'engine' | 'process';
  /** Whether each change of a terminal's size is obeyed, or only one that comes alone. */
  readonly resize: 'sure' | 'unsure';
  /** Where it unpacks what is on its way into its store, if that is elsewhere. */
  readonly scratch: readonly string[];
}

/** One connection to one engine: everything in this folder takes it as its first argument. */
export interface Api {
  readonly docker: Docker;
  readonly endpoint: Endpoint;
  readonly dialect: Dialect;
  readonly host: Host;
  /** Attach streams that were asked for and are not yet connected, by box: `start` waits for them. */
  readonly attaching: Map<string, Set<Promise<unknown>>>;
  /** Processes of ours in the networks of boxes, by box and process. */
  readonly entrances: Map<string, Entrance>;
  /** Networks without a box that wait for a next one, by name, each with the timer that ends its wait. */
  readonly keptNetworks: Map<string, NodeJS.Timeout>;
}

/** Names of ours go into request paths as they are, so nothing else may. */
const NAME = /^[a-z0-9][a-z0-9_.-]{0,127}$/i;

export const container = (api: Api, name: string): Docker.Container => {
  if (!NAME.test(name)) throw api.host.fault('invalid', `${JSON.stringify(name)} is not a box name`);
  return api.docker.getContainer(name);
};

/** Runs one engine call and turns whatever it throws into a fault that says what was being done. */
export const call = async <T>(api: Api, doing: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    signal.throwIfAborted();
    throw faultOf(api.host, error, doing);
  }
};

/** podman says 500 of a container that goes away while it is asked about. */
const isMissing = (error: unknown): boolean => {
  const {statusCode, json} = error as {statusCode?: number; json?: {message?: string}};
  return statusCode === 404 || (statusCode === 500 && /no such container/i.test(json?.message ?? ''));
};

/** As `call`, but what is not there is `undefined`. */
export const callOrMissing = async <T>(api: Api, doing: string, signal: AbortSignal, run: () => Promise<T>): Promise<T | undefined> =>
  call(api, doing, signal, async () => {
    try {
      return await run();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });

export const labelFilter = (labels: Labels): string[] => Object.entries(labels).map(([key, value]) => `${key}=${value}`);

/** A GET whose answer is a stream, whatever dockerode thinks of it: it would collect a log without `follow` in memory. */
export const openStream = (api: Api, path: string, signal: AbortSignal): Promise<Readable> =>
  new Promise((resolve, reject) => {
    // dockerode cuts the last character off a path with a query and no options.
    const options = {path: `${path}&`, method: 'GET', isStream: true, abortSignal: signal, statusCodes: {200: true}};
    (api.docker.modem as unknown as Dialler).dial(options, (error, stream) => (error ? reject(error) : resolve(stream)));
  });

interface Dialler {
  dial(options: object, done: (error: Error | null, stream: Readable) => void): void;
}
