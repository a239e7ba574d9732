import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {HostClient, type HostEvents} from '../src/host-client.ts';
import {hostSocketPath} from '../src/session-host/socket-path.ts';
import {FrameReader, encodeFrame} from '../src/session-host/wire.ts';

const nothing = () => undefined;

test('what a session host says of a view right behind its opening is heard after the opening', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'boxyard-host-client-'));
  const server = createServer(socket => {
    const reader = new FrameReader();
    socket.on('error', nothing);
    socket.on('data', (chunk: Buffer) => {
      for (const {value} of reader.push(chunk)) {
        const {type, id} = value as {type: string; id: number};
        if (type !== 'view') socket.write(encodeFrame({type: 'reply', id, value: {held: []}}));
        else
          socket.write(
            Buffer.concat([
              encodeFrame({type: 'reply', id, value: {input: 0, controls: true, size: {columns: 80, rows: 24}}}),
              encodeFrame({type: 'view.control', view: 1, controls: false}),
            ]),
          );
      }
    });
  });
  server.listen(hostSocketPath(stateDir, 'v'));
  const heard: string[] = [];
  const control = Promise.withResolvers<void>();
  const events: HostEvents = {
    state: nothing,
    spooled: nothing,
    stdinTook: nothing,
    terminal: nothing,
    lost: nothing,
    view: message => {
      heard.push(message.type);
      control.resolve();
    },
  };
  const client = new HostClient({stateDir, version: 'v', engines: [], log: nothing}, events);
  onTestFinished(() => {
    client.close();
    server.close();
    rmSync(stateDir, {recursive: true});
  });
  await client.listIfAlive();
  const attempt = {number: 1, id: 'a'};
  const viewer = {job: 'j', attempt, slot: 'exec-0', view: 1, viewer: 'v', mayType: true, size: {columns: 80, rows: 24}, history: 0};
  await client.view({type: 'view', ...viewer}, opened => heard.push(`opened ${opened.controls}`));
  await control.promise;
  expect(heard).toEqual(['opened true', 'view.control']);
});
