/** A display as a stranger may write it: what goes wrong (`HOSTILE_DOES`), and in which call (`HOSTILE_AT`), its process's environment says. */
import {Duplex} from 'node:stream';
import type {Plugin, Screen} from '../../packages/core/src/plugin-api/index.ts';

const {HOSTILE_AT: at, HOSTILE_DOES: does} = process.env;

/** What the named call does instead of what it should; undefined where it is not that call. */
function misbehave(call: string): unknown {
  if (at !== call) return undefined;
  if (does === 'die') process.kill(process.pid, 'SIGKILL');
  if (does === 'exit') process.exit(1);
  if (does === 'throw') throw new Error('not today');
  if (does === 'spin') for (;;);
  return does === 'nonsense' ? {nonsense: true} : new Promise(() => undefined);
}

misbehave('load');

/** Never waits for anybody, and never ends. */
const flood = (): Duplex => {
  const bytes = Buffer.alloc(64 * 1024, 'flood');
  return new Duplex({read: () => void stream.push(bytes), write: (_chunk, _encoding, done) => done()});
};
let stream: Duplex;

const screen: Screen = {
  protocol: 'rfb',
  ended: new Promise(() => undefined),
  view: async () => (misbehave('view') as Duplex | undefined) ?? (stream = flood()),
  close: async () => void misbehave('close'),
};

export default {
  kind: 'display',
  name: 'hostile',
  api: {oldest: 1, newest: 1},
  config: {'~standard': {version: 1, vendor: 'own', validate: value => ({value})}},
  create: () => ({open: async () => (misbehave('open') as Screen | undefined) ?? screen}),
} satisfies Plugin<'display', unknown>;
