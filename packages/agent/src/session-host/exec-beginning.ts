import {BoxyardError} from '@boxyard/core/errors';
import type {Box, Engine, Process} from '@boxyard/core/plugin-api';
import type {FromAgentToHost} from './wire.ts';

type ExecMessage = Extract<FromAgentToHost, {type: 'exec'}>;

/** Runs the command in a box, with a terminal if it asks for one. */
export function beginningOf(engine: Engine, {engine: name, command}: ExecMessage): (box: Box, signal: AbortSignal) => Promise<Process> {
  const {exec, terminal} = engine.features;
  const {argv, env, cwd, user, tty} = command;
  const plain = {argv, env, ...(cwd === undefined ? {} : {cwd}), ...(user === undefined ? {} : {user})};
  if (tty !== undefined) {
    if (!terminal) throw new BoxyardError('UNSUPPORTED', {what: 'a terminal', by: name});
    return (box, signal) => terminal(box, plain, {columns: tty.columns, rows: tty.rows}, signal);
  }
  if (!exec) throw new BoxyardError('UNSUPPORTED', {what: 'exec', by: name});
  return (box, signal) => exec(box, plain, signal);
}
