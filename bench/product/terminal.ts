import type {JobView} from '@boxyard/core/api';
import {createClient, type TerminalHandlers} from '@boxyard/core/client';
import {waitFor, type Lab} from '../lab.ts';
import type {Boxyard} from './boxyard.ts';

/** A terminal as both sides of a figure use it. */
export interface Keys {
  type(text: string): void;
  /** Called with what comes from now on, instead of who was called before. */
  listen(onBytes: (bytes: Uint8Array) => void): void;
}

/** A command at a terminal in a DevBox, looked at through the product's own client, ready to be typed at. */
export async function openTerminal(
  lab: Lab,
  {client: {ask, url, token}}: Boxyard,
  devbox: string,
  command: readonly string[],
): Promise<Keys> {
  const size = {columns: 80, rows: 24};
  const job = await ask<JobView>('POST', `/v1/devboxes/${devbox}/exec`, {command, tty: size});
  let onBytes: (bytes: Uint8Array) => void = () => {};
  let isOnline = false;
  const handlers: TerminalHandlers = {
    screen() {},
    bytes(bytes, shown) {
      shown();
      onBytes(bytes);
    },
    control: ({controls}) => void (isOnline = controls),
    job() {},
    online() {},
    offline() {},
  };
  const client = lab.own(createClient({server: url, token}), one => one.close());
  const terminal = lab.own(client.terminal({job: job.id, size}, handlers), one => one.close());
  terminal.ended.catch(() => {});
  await waitFor('the terminal', () => isOnline || undefined);
  return {type: text => void terminal.type(Buffer.from(text)), listen: next => void (onBytes = next)};
}
