import {randomBytes} from 'node:crypto';
import {parseTicket} from '@boxyard/core/config';
import type {Client} from './client.ts';

export interface Enlisted {
  readonly worker: string;
  readonly name: string;
  readonly credential: string;
}

/** Makes that many workers the way people do, by one invitation each. */
export async function enlist(client: Client, count: number, prefix = 'sim'): Promise<readonly Enlisted[]> {
  const enlisted: Enlisted[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const name = `${prefix}-${next++}`;
      enlisted.push(await one(client, name));
    }
  };
  await Promise.all(Array.from({length: 16}, lane));
  return enlisted;
}

async function one(client: Client, name: string): Promise<Enlisted> {
  const {line} = await client.ask<{line: string}>('POST', '/v1/invitations', {name});
  const {secret} = parseTicket(line, 'bxi');
  const machine = randomBytes(16).toString('hex');
  return client.ask<Enlisted>('POST', '/v1/invitations/redeem', {secret, machine, name, hostname: name});
}
