import type {Fault, Host} from '../plugin-api/index.ts';

const brand = Symbol.for('boxyard.fault');

/** What `host.fault` made: a code the host understands, and words for a person. */
export interface PluginFault extends Error {
  readonly [brand]: true;
  readonly fault: Fault;
  readonly hint?: string;
}

export type PluginLog = (level: 'debug' | 'info' | 'warn', message: string, fields: object) => void;

/** All a plugin may know of us; its log lines carry its name. */
export const createHost = (plugin: string, stateDir: string, log: PluginLog): Host => ({
  stateDir,
  log: (level, message, fields = {}) => log(level, message, {...fields, plugin}),
  fault: (fault, message, {cause, hint} = {}) =>
    Object.assign(new Error(message, cause === undefined ? undefined : {cause}), {
      [brand]: true,
      fault,
      ...(hint === undefined ? {} : {hint}),
    }),
});

export const isPluginFault = (value: unknown): value is PluginFault => value instanceof Object && brand in value;
