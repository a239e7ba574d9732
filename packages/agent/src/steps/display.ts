import {setTimeout as delay} from 'node:timers/promises';
import {BoxyardError} from '@boxyard/core/errors';
import type {Box, Engine, Reach} from '@boxyard/core/plugin-api';
import type {Step} from '@boxyard/core/protocol';
import type {OpenScreen} from '../displays.ts';
import {checkLabels} from '../floor.ts';
import {checkRuns} from '../ports.ts';
import {boxOf, engineCall, type StepContext} from './context.ts';

type DisplayStep = Extract<Step, {do: 'display.open'}>;

const LOOK_MS = 1_000;
const WARNED_MS = 60_000;

/** Ends well when the screen did by itself and when nobody looked for long: a display that is closed was not asked for any more. */
export async function displayOpen(context: StepContext, step: DisplayStep): Promise<void> {
  const {displays, worker} = context.parts;
  const box = await boxOf(context, step.box);
  checkLabels(box.labels, worker.floor, worker.name);
  await engineCall(context, 'inspect', signal => checkRuns(box, signal));
  await context.starting();
  const {width, height, display} = step;
  const opening = {of: context.of, display, box: reachOf(context, box), size: {width, height}, signal: context.signal};
  const screen = await context.phase('open', () => displays.open(opening));
  try {
    context.running();
    await context.log(`the display ${display} of ${box.labels['io.boxyard.name'] ?? box.name} is open\n`);
    await context.phase('run', () => untilOver(context, screen, step.idleMs));
  } finally {
    await screen.close().catch((error: unknown) => context.parts.log('a display was not closed', {...context.of, error: String(error)}));
  }
}

/** What a display may do in its box: nothing that the box's owner could not. */
function reachOf(context: StepContext, box: Box): Pick<Reach, 'exec' | 'connect'> {
  const {engines} = context.parts;
  const {engine: name} = context.start;
  const feature = <K extends 'exec' | 'connect'>(engine: Engine, key: K): NonNullable<Engine['features'][K]> => {
    const found = engine.features[key];
    if (found === undefined) throw new BoxyardError('UNSUPPORTED', {what: key, by: name});
    return found;
  };
  return {
    exec: (command, signal) => engines.call(name, 'exec', (engine, given) => feature(engine, 'exec')(box, command, given), {signal}),
    connect: (port, signal) => engines.call(name, 'connect', (engine, given) => feature(engine, 'connect')(box, port, given), {signal}),
  };
}

async function untilOver(context: StepContext, screen: OpenScreen, idleMs: number): Promise<void> {
  const watching = new AbortController();
  const either = AbortSignal.any([watching.signal, context.signal]);
  try {
    const why = await Promise.race([screen.ended, untilIdle(context, screen, idleMs, either)]);
    await context.log(`closed: ${why}\n`);
  } finally {
    watching.abort();
  }
}

async function untilIdle(context: StepContext, screen: OpenScreen, idleMs: number, signal: AbortSignal): Promise<string> {
  const warnedMs = Math.min(WARNED_MS, idleMs / 2);
  let hasWarned = false;
  for (;;) {
    await delay(Math.min(LOOK_MS, idleMs / 4), undefined, {signal});
    const left = idleMs - screen.idleMs;
    if (left <= 0) return `nobody looked for ${describe(idleMs)}`;
    if (left > warnedMs) hasWarned = false;
    else if (!hasWarned) {
      hasWarned = true;
      await context.log(`nobody looks; it is closed in ${describe(left)}\n`);
    }
  }
}

const describe = (ms: number): string => (ms < 120_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`);
