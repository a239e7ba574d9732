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
  fewer(name: string, key: string, limit: number): Change;
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

export type Commit = (build: (change: Change) => void) => Promise<Committed>;

/** One Lua call holds up Redis for a few milliseconds at most. */
const mostPerCall = 16;
const mostCalls = 2;

/**
 * Each change is atomic, and durable when it resolves; it rejects with `REDIS_UNAVAILABLE` where it may or may not have
 * happened. Changes asked for in one turn of the event loop, or while a call is on its way, go in one Lua call, one after the
 * other, in the order they were asked for.
 */
export function createCommit(runner: Runner): Commit {
  const batches: Batch[] = [];
  let sending = 0;
  let isScheduled = false;
  const send = async () => {
    isScheduled = false;
    sending++;
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      try {
        batch.settle((await script(runner, batch.keys(), [batch.text()])) as Reply[], runner);
      } catch (error) {
        // Redis is away: what waits behind would only learn it later.
        for (const each of [batch, ...batches.splice(0)]) each.fail(error);
      }
    }
    sending--;
  };
  return build =>
    new Promise((resolve, reject) => {
      const last = batches.at(-1);
      const batch = last !== undefined && last.size < mostPerCall ? last : createBatch();
      batch.add(build, {resolve, reject});
      if (batch !== last) batches.push(batch);
      if (isScheduled || sending >= mostCalls) return;
      isScheduled = true;
      setImmediate(() => void send());
    });
}

type Reply = [failed: number, found?: string];
type Batch = ReturnType<typeof createBatch>;
interface Asker {
  resolve(result: Committed): void;
  reject(error: unknown): void;
}

function createBatch() {
  const numbers = new Map<string, number>();
  const asked: {readonly names: readonly string[]; readonly asker: Asker}[] = [];
  const parts: string[] = [];
  const at = (key: string): number => {
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return number;
  };
  return {
    get size() {
      return asked.length;
    },
    /** Throws what `build` throws; then it is as if it had not been asked for. */
    add(build: (change: Change) => void, asker: Asker): void {
      const {names, change, fields} = createChange(at);
      build(change);
      parts.push(textOf(fields()));
      asked.push({names, asker});
    },
    keys: () => [...numbers.keys()],
    text: () => parts.join(''),
    settle(replies: readonly Reply[], runner: Runner): void {
      for (const [i, {names, asker}] of asked.entries()) {
        const [failed, found] = replies[i]!;
        if (failed === 0) asker.resolve({done: true, lastChildEnded: found === 'ended'});
        else if (failed < 0) asker.reject(runner.translate(Object.assign(new Error(found), {name: 'ReplyError'})));
        else asker.resolve({done: false, failed: names[failed - 1] ?? '?', found: found ?? ''});
      }
    },
    fail(error: unknown): void {
      for (const {asker} of asked) asker.reject(error);
    },
  };
}

function createChange(at: (key: string) => number) {
  const names: string[] = [];
  const guards: (string | number)[] = [];
  const ops: (string | number)[] = [];
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
    fewer: (name, key, limit) => guard(name, 'fewer', at(key), limit),
    do: (key, command, ...args) => op('do', at(key), command, args.length, ...args),
    event: (keys, json) => op('event', at(keys.seq), at(keys.stream), at(keys.incarnation), json),
    outbox: (outbox, lease, json) => op('outbox', at(outbox), at(lease), json),
    hold: (keys, who, room) => op('hold', at(keys.held), at(keys.used), who, room.slots, room.memory),
    free: (keys, who) => op('free', at(keys.held), at(keys.used), who),
    pass: (keys, who, to) => op('pass', at(keys.held), who, to.who, at(keys.used), to.room.slots, to.room.memory),
    child: (keys, move) => op('child', at(keys.totals), move.from, move.to, at(keys.due), move.parent, move.now),
  };
  return {names, change, fields: () => [names.length, ...guards, ...ops]};
}

/** Fields are ids, numbers, words of ours and JSON, none of which holds a line feed. */
function textOf(fields: readonly (string | number)[]): string {
  for (const field of fields)
    if (typeof field === 'string' && field.includes('\n'))
      throw new BoxyardError('INVALID_INPUT', {field: 'request', issue: 'holds a line feed where none may be'});
  return `${fields.length}\n${fields.join('\n')}\n`;
}
