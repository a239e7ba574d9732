import type {Duplex} from 'node:stream';
import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import type {Box, Engine} from '@boxyard/core/plugin-api';
import type {FromServer} from '@boxyard/core/protocol';
import {checkLabels} from './floor.ts';
import type {ToCarry} from './carried-streams.ts';
import {ownBox} from './own-box.ts';
import type {Parts} from './steps/index.ts';

type ToOpen = Extract<FromServer, {type: 'port.open'}>;
type ToView = Extract<FromServer, {type: 'display.view'}>;
/** What a stream that the server opens into a box leads to: a port, or a screen. */
export const toCarry = (parts: Parts, message: ToOpen | ToView): ToCarry =>
  message.type === 'port.open'
    ? {stream: message.stream, opened: 'port.opened', connect: signal => connectPort(parts, message, signal)}
    : {stream: message.stream, opened: 'display.opened', connect: signal => parts.displays.view(message, signal)};

type PortsDeps = Pick<Parts, 'engines' | 'worker' | 'timing'>;

/** A connection to a port in a box; rejects with why there is none. */
function connectPort(deps: PortsDeps, message: ToOpen, signal: AbortSignal): Promise<Duplex> {
  const work = (engine: Engine, given: AbortSignal) => reach(deps, engine, message, given);
  return deps.engines.call(message.engine, 'connect', work, {signal, ms: deps.timing.query * 2});
}

async function reach(
  {worker}: PortsDeps,
  engine: Engine,
  {box: name, tenant, port, engine: by}: ToOpen,
  signal: AbortSignal,
): Promise<Duplex> {
  const box = ownBox(await engine.find(name, signal), worker.machine, tenant);
  if (box === undefined) throw new BoxyardError('NOT_FOUND', {what: 'container', name});
  checkLabels(box.labels, worker.floor, worker.name);
  const {connect} = engine.features;
  if (connect === undefined) throw new BoxyardError('UNSUPPORTED', {what: 'a connection into a box', by});
  await checkRuns(box, signal);
  try {
    const near = await connect(box, port, signal);
    if (signal.aborted) near.destroy();
    return near;
  } catch (error) {
    const isRefused = isBoxyardError(error) && error.code === 'NOT_FOUND';
    throw isRefused ? new BoxyardError('PORT_CLOSED', {port, devbox: box.labels['io.boxyard.name']}, {cause: error}) : error;
  }
}

export async function checkRuns(box: Box, signal: AbortSignal): Promise<void> {
  const {is} = await box.inspect(signal);
  if (is !== 'running' && is !== 'paused') throw new BoxyardError('CONFLICT', {what: 'The DevBox', issue: 'does not run'});
}
