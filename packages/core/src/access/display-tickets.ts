import type {z} from 'zod';
import type {DisplayQuery} from '../api/index.ts';
import {randomBase32} from '../config/index.ts';
import {BoxyardError} from '../errors/index.ts';
import {accessKeys, hashOf, type AccessRedis} from './access-redis.ts';

/** What a ticket lets its bearer do: look at one display as the holder of one token, who may control it or not. */
export interface TicketFor {
  /** The hash of the token it was made by; what that token may is asked when the ticket is used. */
  readonly token: string;
  readonly job: string;
  readonly devbox: string;
  readonly control: z.output<typeof DisplayQuery>['control'];
}

/** One look at a display each, for browsers, which cannot carry a token. Kept as a hash, by which any server knows them. */
export interface DisplayTickets {
  /** A new one; the one it replaces is gone. */
  issue(of: TicketFor, instead?: string): Promise<{readonly ticket: string; readonly expiresAt: number}>;
  /** Once: whoever comes second is told so. `TICKET_REFUSED`; a ticket for another display is used up too. */
  redeem(ticket: string, job: string): Promise<TicketFor>;
}

export const TICKET_MS = 60_000;
/** So long it is known why a ticket is no good any more. */
const KEPT_MS = 10 * 60_000;

/** KEYS the ticket. ARGV now, how long it is kept. Returns {verdict, record}. */
const redeemLua = `
local text = redis.call('GET', KEYS[1])
if not text then return {'unknown'} end
local ticket = cjson.decode(text)
if ticket.used then return {'used', text} end
if ticket.expiresAt <= tonumber(ARGV[1]) then return {'expired', text} end
ticket.used = true
redis.call('SET', KEYS[1], cjson.encode(ticket), 'PX', ARGV[2])
return {'ok', text}`;

const why: Readonly<Record<string, string>> = {
  unknown: 'is none that this server gave',
  used: 'was used before, and works once',
  expired: 'was not used within 60 s',
  elsewhere: 'is for another display',
};

export function createDisplayTickets({ask, prefix}: AccessRedis, now: () => number): DisplayTickets {
  const keyOf = (ticket: string) => accessKeys(prefix).displayTicket(hashOf(ticket));
  return {
    async issue(of, instead) {
      const ticket = randomBase32(256);
      const expiresAt = now() + TICKET_MS;
      const record = JSON.stringify({...of, expiresAt});
      await ask(async redis => {
        await redis.set(keyOf(ticket), record, 'PX', KEPT_MS);
        if (instead !== undefined) await redis.del(keyOf(instead));
      });
      return {ticket, expiresAt};
    },
    async redeem(ticket, job) {
      const [verdict, text] = (await ask(redis => redis.eval(redeemLua, 1, keyOf(ticket), now(), KEPT_MS))) as [string, string?];
      const found = text === undefined ? undefined : (JSON.parse(text) as TicketFor);
      if (verdict !== 'ok') throw new BoxyardError('TICKET_REFUSED', {why: why[verdict], devbox: found?.devbox});
      if (found!.job !== job) throw new BoxyardError('TICKET_REFUSED', {why: why['elsewhere'], devbox: found!.devbox});
      return found!;
    },
  };
}
