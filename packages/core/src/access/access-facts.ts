import {newId} from '../config/index.ts';
import {documentOf} from '../events/store-facts.ts';
import type {AccessRedis} from './access-redis.ts';

/** What somebody changed about who may do what; never a secret or its hash. */
export interface AccessFact {
  readonly tenant: string;
  readonly actor: string;
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** `fact()` adds the last argument to the tenant's events, whose keys are the last four. */
const prelude = `
local function fact()
  local tenants, seq, events, incarnation = KEYS[#KEYS - 3], KEYS[#KEYS - 2], KEYS[#KEYS - 1], KEYS[#KEYS]
  redis.call('SADD', tenants, ARGV[#ARGV - 1])
  local number = redis.call('HINCRBY', seq, 'n', 1)
  redis.call('XADD', events, (redis.call('GET', incarnation) or '1') .. '-' .. number, 'e', ARGV[#ARGV])
end
`;

interface Change {
  readonly script: string;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly fact: AccessFact;
}

/** Runs a script that calls `fact()` where it changed something: the change and its event are one step (R1). */
export function changeWithFact({ask, prefix}: AccessRedis, now: () => number, {script, keys, args, fact}: Change): Promise<unknown> {
  const document = documentOf(fact.tenant, {id: newId('e'), time: now(), ...fact});
  const own = [`{${prefix}}:tenants`, `{${prefix}}:seq:${fact.tenant}`, `{${prefix}}:events:${fact.tenant}`, `{${prefix}}:incarnation`];
  const all = [...keys, ...own];
  return ask(redis => redis.eval(prelude + script, all.length, ...all, ...args, fact.tenant, document));
}
