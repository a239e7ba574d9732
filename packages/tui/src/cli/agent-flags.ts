import {string} from '@oclif/core/flags';
import {choice, logFormat, repeated, size, whole} from './flags.ts';

/** What the agent of this machine may be told, by `worker run` and by the `worker join` that goes on as one. */
export const agentFlags = {
  'data-dir': string({description: 'where it keeps its journal and spools', helpValue: 'DIR'}),
  'security-floor': choice('security-floor', ['none', 'open', 'standard', 'strict', 'offline'])({description: 'refuse weaker profiles'}),
  'log-level': choice('log-level', ['debug', 'info', 'warn', 'error'])({description: 'how much it says'}),
  'log-format': logFormat,
  slots: whole('slots', {min: 1, max: 100_000})({description: 'jobs at one time (default: cores, at least 2)'}),
  memory: size('memory')({description: 'memory it offers'}),
  engine: repeated({description: 'an engine to offer; process runs on the machine itself; may be repeated', helpValue: 'NAME'}),
  label: repeated({char: 'l', description: 'a label of the machine; may be repeated', helpValue: 'KEY=VALUE'}),
};
