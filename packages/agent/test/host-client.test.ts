import {mkdtempSync, rmSync} from 'node:fs';
import {createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import {HostClient, type HostEvents} from '../src/host-client.ts';
import {hostSocketPath} from '../src/session-host/socket-path.ts';
import {FrameReader, encodeFrame} from '../src/session-host/wire.ts';

const nothing = () => undefined;

type Asked = {readonly type: string; readonly id: number; readonly text?: string};

/** A client beside a session host that answers as the test says. */
function beside(answer: (socket: Socket, asked: Asked) => void, onView: (type: string) => void = nothing): HostClient {
  const stateDir = mkdtempSync(join(tmpdir(), 'boxyard-host-client-'));
  const server = createServer(socket => {
    const reader = new FrameReader();
    socket.on('error', nothing);
    socket.on('data', (chunk: Buffer) => {
      for (const {value} of reader.push(chunk)) answer(socket, value as Asked);
    });
  });
  server.listen(hostSocketPath(stateDir, 'v'));
  const events: HostEvents = {
    state: nothing,
    spooled: nothing,
    stdinTook: nothing,
    progress: nothing,
    terminal: nothing,
    lost: nothing,
    view: message => onView(message.type),
  };
  const client = new HostClient({stateDir, version: 'v', engines: [], log: nothing}, events);
  onTestFinished(() => {
    client.close();
    server.close();
    rmSync(stateDir, {recursive: true});
  });
  return client;
}

const attempt = {number: 1, id: 'a'};

test('what a session host says of a view right behind its opening is heard after the opening', async () => {
  const heard: string[] = [];
  const control = Promise.withResolvers<void>();
  const opened = {input: 0, controls: true, size: {columns: 80, rows: 24}};
  const client = beside(
    (socket, {type, id}) => {
      if (type !== 'view') return socket.write(encodeFrame({type: 'reply', id, value: {held: []}}));
      const said = [encodeFrame({type: 'reply', id, value: opened}), encodeFrame({type: 'view.control', view: 1, controls: false})];
      return socket.write(Buffer.concat(said));
    },
    type => {
      heard.push(type);
      control.resolve();
    },
  );
  await client.listIfAlive();
  const viewer = {job: 'j', attempt, slot: 'exec-0', view: 1, viewer: 'v', mayType: true, size: {columns: 80, rows: 24}, history: 0};
  await client.view({type: 'view', ...viewer}, ({controls}) => heard.push(`opened ${controls}`));
  await control.promise;
  expect(heard).toEqual(['opened true', 'view.control']);
});

test('lines are kept in their order, also those that come while the session host is being greeted', async () => {
  const lines: string[] = [];
  const greeted = Promise.withResolvers<void>();
  const all = Promise.withResolvers<void>();
  let welcome: () => void = nothing;
  const client = beside((socket, {type, id, text}) => {
    if (type === 'hello') {
      welcome = () => socket.write(encodeFrame({type: 'reply', id, value: {}}));
      return greeted.resolve();
    }
    lines.push(text ?? type);
    if (lines.length === 2) all.resolve();
  });
  const of = {job: 'j', attempt};
  const first = client.append(of, 'first');
  await greeted.promise;
  const second = client.append(of, 'second');
  setImmediate(() => welcome());
  await Promise.all([first, second, all.promise]);
  expect(lines).toEqual(['first', 'second']);
});
