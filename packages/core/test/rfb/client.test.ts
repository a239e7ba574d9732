import {expect, describe, test} from 'vitest';
import {type Framebuffer, RfbClient, encodings, vncAnswer} from '../../src/rfb/index.ts';
import {waitFor} from '../redis-for-tests.ts';
import {type Xvnc, hasXvnc, startXvnc} from './xvnc.ts';

const signal = AbortSignal.timeout(60_000);
const pseudo = [encodings.cursor, encodings.extendedDesktopSize, encodings.desktopSize, encodings.lastRect];

/** Watches until nothing has changed for three answers in a row. */
async function watch(server: Xvnc, kinds: readonly number[]): Promise<RfbClient> {
  const client: RfbClient = await RfbClient.open(await server.connect(), {
    signal,
    encodings: [...kinds, ...pseudo],
    updated: () => client.ask(),
  });
  client.ask(true);
  return client;
}

const colours = ({pixels}: Framebuffer): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  return counts;
};

describe.skipIf(!hasXvnc)('a watcher of a real X server', () => {
  test('sees the same pixels in every encoding, and as they change', async () => {
    await using server = await startXvnc();
    server.run('xterm', '-geometry', '70x20+20+30', '-bg', '#204060', '-fg', '#ffcc00', '-e', 'sh', '-c', 'seq 1 400; sleep 1000');
    using raw = await watch(server, [encodings.raw]);
    const kinds = [[encodings.zrle], [encodings.tight], [encodings.hextile], [encodings.copyRect, encodings.zrle]];
    const others = await Promise.all(kinds.map(kind => watch(server, kind)));
    await waitFor(() => (colours(raw.framebuffer).get(0x604020) ?? 0) > 50_000, {
      within: 20_000,
    });
    for (const other of others) {
      await waitFor(() => Buffer.from(other.framebuffer.pixels.buffer).equals(Buffer.from(raw.framebuffer.pixels.buffer)), {
        within: 20_000,
      });
      other[Symbol.dispose]();
    }
    expect(colours(raw.framebuffer).get(0x00ccff)).toBeGreaterThan(100);
  });

  test('is let in with the password alone, and told why not without it', async () => {
    const passwordFile = Buffer.alloc(8);
    passwordFile.set(vncAnswerOfFile('sesame-8'));
    await using server = await startXvnc({passwordFile});
    using client = await RfbClient.open(await server.connect(), {signal, password: 'sesame-8'});
    expect(client.screen).toMatchObject({width: 640, height: 480});
    await expect(server.connect().then(stream => RfbClient.open(stream, {signal, password: 'sesame-9'}))).rejects.toMatchObject({
      code: 'DISPLAY_DENIED',
    });
    await expect(server.connect().then(stream => RfbClient.open(stream, {signal}))).rejects.toMatchObject({
      code: 'DISPLAY_DENIED',
      details: {reason: 'it wants a password'},
    });
  });

  test('types and points, and what it asks of the size is granted', async () => {
    await using server = await startXvnc();
    server.run(
      'xterm',
      '-geometry',
      '60x10+0+0',
      '-bg',
      '#204060',
      '-fg',
      '#ffffff',
      '-e',
      'sh',
      '-c',
      'read line; printf "\\033]11;#$line\\007"; sleep 1000',
    );
    using client = await watch(server, [encodings.zrle]);
    await waitFor(() => (colours(client.framebuffer).get(0x604020) ?? 0) > 10_000, {within: 20_000});
    client.pointer(40, 40, 0);
    for (const letter of 'ff00ff\r') {
      const keysym = letter === '\r' ? 0xff0d : letter.charCodeAt(0);
      client.key(keysym, true);
      client.key(keysym, false);
    }
    await waitFor(() => (colours(client.framebuffer).get(0xff00ff) ?? 0) > 10_000, {
      within: 20_000,
    });
    await waitFor(() => client.mayResize, {within: 20_000});
    client.resize(800, 600);
    await waitFor(() => client.framebuffer.width === 800 && client.framebuffer.height === 600, {
      within: 5_000,
    });
  });

  test('ends when the server does, and when it is told to', async () => {
    const server = await startXvnc();
    using client = await watch(server, [encodings.zrle]);
    const stopping = new AbortController();
    const other = await RfbClient.open(await server.connect(), {signal: stopping.signal});
    stopping.abort();
    expect(await other.ended).toBeUndefined();
    await server[Symbol.asyncDispose]();
    await client.ended;
  });
});

/** A password file holds the password as DES of the key that every VNC server has for it. */
function vncAnswerOfFile(password: string): Buffer {
  const everybodysKey = Buffer.from([23, 82, 107, 6, 35, 78, 88, 7]).toString('latin1');
  return vncAnswer(everybodysKey, Buffer.from(password.padEnd(8, '\0'), 'latin1'));
}
