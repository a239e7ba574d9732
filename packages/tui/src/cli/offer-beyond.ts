import type {Connection} from '../services/connection.ts';
import {formatListen} from '../services/port-holder.ts';
import {startDetached} from '../services/start-detached.ts';
import {stopUp} from '../services/stop-up.ts';
import {findUp} from '../services/up-file.ts';
import {setSetting} from '../services/user-config.ts';
import type {Context} from './context.ts';

/** Whether no other machine can come to any of these addresses. */
export const areLoopback = (addresses: readonly string[]): boolean =>
  addresses.every(address => /^(127\.|localhost(:|$)|\[::1\])/.test(address));

/**
 * A server that only this machine reaches: says so with the lines that change it, and offers to do it where it is ours and a
 * person is there. The answer is remembered in the settings. Resolves to a new connection where it was changed.
 */
export async function offerBeyond(context: Context, address: string): Promise<Connection | undefined> {
  const port = Number(/:(\d+)$/.exec(address)?.[1] ?? 4240);
  const listen = formatListen({host: '0.0.0.0', port});
  const up = findUp(context.paths);
  context.say('This server listens on this machine alone; no other machine can reach it.');
  const question = `Listen on all addresses (${listen}, with TLS) from now on? Boxyard starts again; jobs and DevBoxes go on`;
  if (up !== undefined && (await context.confirm(question, 'no'))) {
    await setSetting(context.paths, 'listen', listen);
    await stopUp(up);
    const started = await startDetached(context, ['--listen', listen, ...(up.serverArguments ?? [])]);
    context.say(`Boxyard runs at ${started.url} and on this machine’s other addresses.`);
    return context.connect();
  }
  const restart =
    up === undefined
      ? `boxyard server --listen ${listen}, on its machine`
      : `boxyard config set listen ${listen}; boxyard down; boxyard up -d`;
  context.say(`To let other machines in: ${restart}\nThen invite again: this invitation only works here.\n`);
  return undefined;
}
