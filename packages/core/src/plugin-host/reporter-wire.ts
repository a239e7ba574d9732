import type {WireError} from '../errors/index.ts';
import type {BoxyardEvent, Reporter} from '../plugin-api/index.ts';
import type {PluginSetting} from './load-plugin.ts';

export type Reported = Awaited<ReturnType<Reporter['report']>>;

/** One endpoint as the thread of its plugin knows it: with another `version` it is made anew. */
export interface Instance {
  readonly id: string;
  readonly version: string;
  readonly config: unknown;
}

/** What a reporter's thread is started with. */
export interface ThreadData extends Omit<PluginSetting, 'config'> {
  /** The owner's part of the config; it wins over an endpoint's. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly stateDir: string;
}

export type ToThread =
  | {readonly type: 'check'; readonly call: number; readonly config: unknown}
  | {readonly type: 'report'; readonly call: number; readonly instance: Instance; readonly event: BoxyardEvent}
  | {readonly type: 'ping'; readonly call: number}
  | {readonly type: 'abort'; readonly call: number}
  | {readonly type: 'forget'; readonly id: string};

export type FromThread =
  | {readonly type: 'loaded'; readonly name: string}
  | {readonly type: 'broken'; readonly error: WireError}
  | {readonly type: 'done'; readonly call: number; readonly value?: unknown}
  | {readonly type: 'failed'; readonly call: number; readonly error: WireError}
  | {readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn'; readonly message: string; readonly fields: object};
