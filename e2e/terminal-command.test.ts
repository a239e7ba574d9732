import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal, type Screen} from './terminal.ts';
import {engines, killPart, on, Up, waitFor} from './up.ts';

const numbered = Array.from({length: 60}, (_, i) => `line ${String(i).padStart(4, '0')}`);

let up: Up;
beforeAll(async () => {
  up = await Up.open();
  expect((await up.cli(['devboxes', 'create', 'web', '--engine', 'process'])).code).toBe(0);
});
afterAll(() => up?.[Symbol.asyncDispose]());

const open = (line: string, size?: {columns: number; rows: number}): Promise<Screen> => openTerminal(`${boxyard} ${line}`, up.env, size);

describe.skipIf(!hasTmux)('boxyard terminal in a person’s terminal', () => {
  test('shows a shell, is left with ctrl-q d, and shows the same screen again', async () => {
    await using first = await open('terminal --name one web');
    await first.shows(/[$#]\s*$/m);
    await first.keys('echo first-$((40+2))', 'Enter');
    await first.shows('first-42');
    await first.keys('C-q', 'd');
    await first.isRestored(0);
    await using second = await open('terminal --name one web');
    await second.shows('first-42');
    await second.keys('exit 7', 'Enter');
    await second.isRestored(7);
  });

  test('gives the terminal back when it is told to end in the middle of a full screen, and that goes on', async () => {
    await using screen = await open('terminal --name two web -- vi letter');
    await screen.shows(/^~/m);
    await screen.keys('ihello', 'Escape');
    await screen.shows('hello');
    await screen.signal('SIGTERM');
    await screen.isRestored(130);
    expect(await screen.text()).not.toMatch(/^~/m);
    await using again = await open('terminal --name two web');
    await again.shows(/^hello/m);
    // The first one may have died with it on its way.
    await again.keys('Escape', ':q!', 'Enter');
    await again.isRestored(0);
  });

  test('with --keep tmux what runs in it is gone on with by the next one of that name', async () => {
    await using first = await open('terminal --name kept --keep tmux web');
    await first.shows(/[$#]\s*$/m);
    await first.keys('echo kept-$((40+2))', 'Enter');
    await first.shows('kept-42');
    expect((await up.cli(['terminals', 'close', 'web/kept'])).code).toBe(0);
    await first.shows(/ENDED \d+/);
    await using second = await open('terminal --name kept --keep tmux web');
    await second.shows('kept-42');
    await second.keys('exit', 'Enter');
    await second.isRestored(0);
  });

  test('rings in the person’s own terminal when another session asks that nobody looks at', async () => {
    await using screen = await open('terminal --name shown web');
    await screen.shows(/[$#]\s*$/m);
    const raw = await screen.record();
    await screen.keys('echo ready', 'Enter');
    await screen.shows(/^ready/m);
    const script = `until [ -e go ]; do sleep 0.1; done; printf '\\033]9;Allow it?\\007'; exec sleep 1000`;
    const written = await up.cli(['exec', '-i', 'web', '--', 'sh', '-c', 'cat > asking.sh'], {input: script});
    expect(written.code, written.stderr).toBe(0);
    await using other = await open('terminal --name asking web -- sh asking.sh');
    await waitFor(async () => (await up.cli(['terminals', 'list'])).stdout.includes('asking'), {within: 10_000, what: 'it is there'});
    await other.keys('C-q', 'd');
    await other.shows('ENDED 0');
    expect((await up.cli(['exec', 'web', '--', 'touch', 'go'])).code).toBe(0);
    await waitFor(() => raw().includes('\u0007\u001b]9;web/asking asks: Allow it?\u0007'), {within: 10_000, what: 'it rings'});
    await screen.keys('exit', 'Enter');
    await screen.isRestored(0);
  });

  test('goes on by itself after kill -9 of the server', async () => {
    await using screen = await open('terminal --name three web', {columns: 90, rows: 20});
    await screen.shows(/[$#]\s*$/m);
    await killPart(up, /server\.js|server-main/);
    await screen.keys('stty size; echo after-$((1+1))', 'Enter');
    await screen.shows('after-2');
    await screen.shows('20 90');
    await screen.keys('exit', 'Enter');
    await screen.isRestored(0);
  });
});

describe.skipIf(!hasTmux).each(await engines())('kill -9 of the CLI with a terminal on %s', engine => {
  test('leaves the same screen to the next one, and of what was typed nothing lost or doubled', async () => {
    const box = `cut-${engine}`;
    await up.ok('devboxes', 'create', box, ...on(engine));
    await using first = await open(`terminal --name vi ${box} -- vi letter`);
    await first.shows(/^~/m);
    await first.keys('ione', 'Enter', 'two');
    await first.shows(/^one\s+^two/m);
    const size = {columns: 80, rows: 24};
    await using writing = await open(`terminal --name writer ${box} -- sh -c "echo ready; stty -echo; cat > numbers"`, size);
    await writing.shows('ready');
    for (const line of numbered.slice(0, 40)) await writing.keys(line, 'Enter');
    const before = await first.text();
    await writing.signal('SIGKILL');
    await first.signal('SIGKILL');
    await Promise.all([first, writing].map(screen => screen.shows('ENDED 137')));
    await using again = await open(`terminal --name vi ${box}`);
    await again.shows(/^one\s+^two/m);
    await waitFor(async () => (await again.text()) === before, {within: 20_000, what: 'the screen is the same'});
    // What the killed one had not sent yet went with it; what it had sent is there once, and perhaps the beginning of a line.
    const came = (await up.ok('exec', box, '--', 'cat', 'numbers')).split('\n').slice(0, -1);
    expect(came).toEqual(numbered.slice(0, came.length));
    await using next = await open(`terminal --name writer ${box}`, size);
    await next.shows('ready');
    await next.keys('C-u');
    for (const line of numbered.slice(came.length)) await next.keys(line, 'Enter');
    await next.keys('C-d');
    await next.isRestored(0);
    expect((await up.ok('exec', box, '--', 'cat', 'numbers')).trim().split('\n')).toEqual(numbered);
    await up.ok('devboxes', 'remove', box, '--now');
  });
});
