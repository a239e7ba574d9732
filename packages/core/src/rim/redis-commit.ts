import {BoxyardError} from '../errors/index.ts';
import {commitScript} from './redis-commit.lua.ts';
import {type Runner, createScript} from './redis-script.ts';

/** What one transition checks and does; built up, then committed in one Lua call (R1). Guards fail by the name given to them. */
export interface Change {
  /** The record is at this version: its JSON begins with `prefix`. Empty: it must not exist. */
  is(name: string, key: string, prefix: string): Change;
  noField(name: string, key: string, field: string): Change;
  below(name: string, key: string, limit: number): Change;
  spare(name: string, key: string, field: string, limit: number): Change;
  room(name: string, used: string, want: Room, total: Room): Change;
  member(name: string, key: string, member: string): Change;
  do(key: string, command: string, ...args: readonly (string | number)[]): Change;
  event(keys: {seq: string; stream: string; incarnation: string}, json: string): Change;
  outbox(outbox: string, lease: string, json: string): Change;
  hold(keys: {held: string; used: string}, who: string, room: Room): Change;
  free(keys: {held: string; used: string}, who: string): Change;
  pass(keys: {held: string; used: string}, who: string, to: {who: string; room: Room}): Change;
  child(keys: {totals: string; due: string}, move: {from: string; to: string; parent: string; now: number}): Change;
}
export interface Room {
  readonly slots: number;
  readonly memory: number;
}
/** `failed` is the first guard that did not hold and `found` what was there instead; then nothing was changed. */
export type Committed =
  {readonly done: true; readonly lastChildEnded: boolean} | {readonly done: false; readonly failed: string; readonly found: string};

const script = createScript(commitScript);

/** Atomic and durable when it resolves. Rejects with `REDIS_UNAVAILABLE`: then it may or may not have happened. */
export async function commit(runner: Runner, build: (change: Change) => void): Promise<Committed> {
  const {names, keys, args, change} = createChange();
  build(change);
  const [failed, found] = (await script(runner, keys(), args())) as [number, string | undefined];
  if (failed === 0) return {done: true, lastChildEnded: found === 'ended'};
  return {done: false, failed: names[failed - 1] ?? '?', found: found ?? ''};
}

function createChange() {
  const names: string[] = [];
  const guards: (string | number)[] = [];
  const ops: (string | number)[] = [];
  const numbers = new Map<string, number>();
  const at = (key: string): number => {
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return number;
  };
  const guard = (name: string, ...parts: readonly (string | number)[]): Change => {
    names.push(name);
    guards.push(...parts);
    return change;
  };
  const op = (...parts: readonly (string | number)[]): Change => {
    ops.push(...parts);
    return change;
  };
  const change: Change = {
    is: (name, key, prefix) => guard(name, 'is', at(key), prefix),
    noField: (name, key, field) => guard(name, 'none', at(key), field),
    below: (name, key, limit) => guard(name, 'below', at(key), limit),
    spare: (name, key, field, limit) => guard(name, 'spare', at(key), field, limit),
    room: (name, used, want, total) => guard(name, 'room', at(used), want.slots, want.memory, total.slots, total.memory),
    member: (name, key, member) => guard(name, 'member', at(key), member),
    do: (key, command, ...args) => op('do', at(key), command, args.length, ...args),
    event: (keys, json) => op('event', at(keys.seq), at(keys.stream), at(keys.incarnation), json),
    outbox: (outbox, lease, json) => op('outbox', at(outbox), at(lease), json),
    hold: (keys, who, room) => op('hold', at(keys.held), at(keys.used), who, room.slots, room.memory),
    free: (keys, who) => op('free', at(keys.held), at(keys.used), who),
    pass: (keys, who, to) => op('pass', at(keys.held), who, to.who, at(keys.used), to.room.slots, to.room.memory),
    child: (keys, move) => op('child', at(keys.totals), move.from, move.to, at(keys.due), move.parent, move.now),
  };
  return {names, change, keys: () => [...numbers.keys()], args: () => [textOf([names.length, ...guards, ...ops])]};
}

/** Fields are ids, numbers, words of ours and JSON, none of which holds a line feed. */
function textOf(fields: readonly (string | number)[]): string {
  const text = `${fields.join('\n')}\n`;
  if (text.split('\n').length !== fields.length + 1)
    throw new BoxyardError('INVALID_INPUT', {field: 'request', issue: 'holds a line feed where none may be'});
  return text;
}
