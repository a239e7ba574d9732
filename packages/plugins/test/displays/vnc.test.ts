import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {duplexPair, type Duplex} from 'node:stream';
import {promisify} from 'node:util';
import {describe, expect, onTestFinished, test} from 'vitest';
import {createHost, loadDisplays} from '@boxyard/core/plugin-host';
import type {Chunk, Command, Process, Reach} from '@boxyard/core/plugin-api';
import {RfbClient} from '@boxyard/core/rfb';
import {parseFound} from '../../src/displays/vnc/desktop-script.ts';
import {createVnc} from '../../src/displays/vnc/vnc-display.ts';
import * as plugin from '../../src/displays/vnc/index.ts';

type Box = Pick<Reach, 'exec' | 'connect'>;
const {signal} = new AbortController();
const host = createHost('vnc', '/tmp', () => undefined);
const size = {width: 320, height: 240};
const hasXvnc = await promisify(execFile)('Xtigervnc', ['-version']).then(
  () => true,
  () => (console.log('skipped: no Xtigervnc here'), false),
);
const hasPerl = existsSync('/usr/bin/perl');
if (!hasPerl) console.log('skipped: no perl here');

/** A folder that is a box, as the engine `process` has them; its programs end with the test. */
function folder(env: Readonly<Record<string, string>> = {}): {box: Box; dir: string} {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-display-'));
  onTestFinished(async () => {
    const own = readdirSync(dir).find(name => name.startsWith('.boxyard-display'));
    if (own !== undefined) process.kill(Number(readFileSync(join(dir, own, 'pid'), 'utf8')), 'SIGTERM');
    rmSync(dir, {recursive: true, force: true});
  });
  const exec = async ({argv, env: given}: Command): Promise<Process> => {
    const PATH = '/usr/local/bin:/usr/bin:/bin';
    const child = spawn(argv[0]!, argv.slice(1), {cwd: dir, env: {PATH, HOME: dir, BOXYARD_WORKSPACE: dir, ...env, ...given}});
    const exit = once(child, 'close').then(([code]) => ({code: Number(code)}));
    async function* output(): AsyncGenerator<Chunk> {
      for await (const bytes of child.stdout) yield {stream: 'stdout', offset: 0, bytes: bytes as Buffer};
    }
    return {stdin: child.stdin, output: output(), wait: () => exit, kill: async kind => void child.kill(kind)};
  };
  const reach = async (port: number) => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  return {dir, box: {exec, connect: reach}};
}

/** A box in which the script says this, and what listens there does that. */
function saying(text: string, listens: (server: Duplex) => void = () => undefined): Box {
  return {
    exec: async () => ({
      stdin: duplexPair()[0],
      output: (async function* () {
        yield {stream: 'stdout' as const, offset: 0, bytes: Buffer.from(text)};
      })(),
      wait: async () => ({code: 0}),
      kill: async () => undefined,
    }),
    connect: async () => {
      const [near, far] = duplexPair();
      far.on('error', () => undefined);
      listens(far);
      return near;
    },
  };
}

const open = (box: Box, session?: string[]) => createVnc(session === undefined ? {} : {session}, host).open(box, size, signal);

describe.runIf(hasXvnc)('a box with Xvnc', () => {
  test('is given an X server of its own, which no one gets into without its password', async () => {
    const {box, dir} = folder();
    const screen = await open(box, ['true']);
    const own = join(dir, `.boxyard-display-${process.getuid!()}`);
    expect(statSync(own).mode & 0o777).toBe(0o700);
    expect(statSync(join(own, 'password')).mode & 0o777).toBe(0o600);
    using watcher = await RfbClient.open(await screen.view(signal), {signal});
    expect(watcher.screen).toMatchObject({width: 320, height: 240});
    const port = Number(readFileSync(join(own, 'port'), 'utf8'));
    const stranger = RfbClient.open(await box.connect(port, signal), {signal, password: 'guessed1'});
    await expect(stranger).rejects.toMatchObject({code: 'DISPLAY_DENIED'});
    await screen.close();
    expect(await watcher.ended).toBeUndefined();
  });

  test('has it still when it is opened again, and several look at once', async () => {
    const {box, dir} = folder();
    const first = await open(box, ['true']);
    const pid = () => readFileSync(join(dir, `.boxyard-display-${process.getuid!()}`, 'pid'), 'utf8');
    const before = pid();
    await first.close();
    const again = await open(box, ['true']);
    expect(pid()).toBe(before);
    using one = await RfbClient.open(await again.view(signal), {signal});
    using other = await RfbClient.open(await again.view(signal), {signal});
    expect([one.screen.width, other.screen.width]).toEqual([320, 320]);
    process.kill(Number(pid()), 'SIGTERM');
    expect(await again.ended).toBe('its X server ended');
    await Promise.all([one.ended, other.ended]);
  });

  test.runIf(hasPerl)('has one alone, also where for a moment nobody can tell what program it is', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'boxyard-bin-'));
    onTestFinished(() => rmSync(bin, {recursive: true, force: true}));
    const begun = join(bin, 'begun');
    const nameless = `#!/usr/bin/perl\nopen(my $f, '>>', '${begun}'); print $f "x"; close $f;\n$0 = ''; select(undef, undef, undef, 0.5); exec 'Xtigervnc', @ARGV;\n`;
    writeFileSync(join(bin, 'Xvnc'), nameless, {mode: 0o755});
    const {box} = folder({PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`});
    const screen = await open(box, ['true']);
    await screen.close();
    expect(readFileSync(begun, 'utf8')).toBe('x');
  });

  test('beside another one has a screen of its own', async () => {
    const [one, other] = [folder(), folder()];
    const screens = [await open(one.box, ['true']), await open(other.box, ['true'])];
    const port = (dir: string) => readFileSync(join(dir, `.boxyard-display-${process.getuid!()}`, 'port'), 'utf8');
    expect(port(one.dir)).not.toBe(port(other.dir));
    await Promise.all(screens.map(screen => screen.close()));
  });
});

test('an image without an X server is told of, with the line that adds one', async () => {
  const missing = {message: 'its image has no X server that can be watched', fault: 'not-found'};
  await expect(open(saying('missing debian\n'))).rejects.toMatchObject({
    ...missing,
    hint: 'In its Containerfile: RUN apt-get update && apt-get install -y tigervnc-standalone-server xterm',
  });
  await expect(open(saying('missing plan9\n'))).rejects.toMatchObject({...missing, hint: 'Install TigerVNC’s Xvnc in the image.'});
});

describe('what a hostile box says is an error', () => {
  test.each([
    ['', 'it said nothing'],
    ['ours 99999 abcdefgh', 'ours 99999 abcdefgh'],
    ['ours 22 a;b', 'ours 22 a;b'],
    ['found 0', 'found 0'],
    ['failed \u001b[2Jfatal', '[2Jfatal'],
  ])('%j', (text, why) => {
    expect(parseFound(text)).toEqual({is: 'failed', why});
  });

  test.each([
    ['no VNC server', (server: Duplex) => server.write('SSH-2.0-OpenSSH_9.2\r\n'), 'failed'],
    ['one that hangs up', (server: Duplex) => server.end(), 'failed'],
    [
      'one that wants a password nobody knows',
      (server: Duplex) => server.write(Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 2])])),
      'denied',
    ],
    [
      'one that wants what nobody knows',
      (server: Duplex) => server.write(Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 19])])),
      'denied',
    ],
  ])('what listens there is %s', async (_what, listens, fault) => {
    await expect(open(saying('found 5901', listens))).rejects.toMatchObject({fault});
  });

  test('a reason for a refusal of 4 GiB is not waited for', async () => {
    const refusing = (server: Duplex) =>
      server.write(Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([0, 255, 255, 255, 255]), Buffer.alloc(256, 'no')]));
    await expect(open(saying('found 5901', refusing))).rejects.toMatchObject({fault: 'denied', message: 'no'.repeat(128)});
  });
});

test('it comes in by the door of all plugins', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'boxyard-display-'));
  onTestFinished(() => rmSync(dir, {recursive: true, force: true}));
  const failures: unknown[] = [];
  const loaded = await loadDisplays([{module: 'vnc'}, {module: 'vnc', config: {sesion: []}}], {
    importModule: async () => plugin,
    stateDir: dir,
    log: () => undefined,
    onFailure: (_setting, error) => void failures.push(error),
  });
  expect(loaded.map(({name}) => name)).toEqual(['vnc']);
  expect(failures).toMatchObject([{code: 'PLUGIN_CONFIG'}]);
  const [{display}] = loaded as [(typeof loaded)[number]];
  await expect(display.open(saying('missing debian'), size, signal)).rejects.toMatchObject({code: 'DISPLAY_UNAVAILABLE'});
});
