import {iso} from '../rim/clock.ts';
import type {Change} from '../rim/redis-commit.ts';
import type {Keys} from '../rim/redis-keys.ts';

/** Something that happened; becomes one CloudEvents document (R18). `time` in milliseconds by Redis. */
export interface Fact {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: number;
  readonly actor: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The CloudEvents document, without its place in the stream. */
export const documentOf = (tenant: string, {id, type, subject, time, actor, data}: Fact): string =>
  JSON.stringify({specversion: '1.0', id, type, source: 'boxyard', subject, time: iso(time), tenant, actor, data});

/** Writes the fact with the transition it belongs to; its `seq` is its place in the stream, given by Redis. */
export function addFact(change: Change, keys: Keys, tenant: string, fact: Fact): void {
  change.event({seq: keys.seq(tenant), stream: keys.events(tenant), incarnation: keys.incarnation}, documentOf(tenant, fact));
}
