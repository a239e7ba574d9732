import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {clientOf, Viewer} from '../faults/lab/terminal-viewer.ts';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal, type Screen} from './terminal.ts';
import {Up, waitFor} from './up.ts';

let up: Up;
beforeAll(async () => {
  up = await Up.open();
  await up.ok('devboxes', 'create', 'web', '--engine', 'process');
});
afterAll(() => up?.[Symbol.asyncDispose]());

const open = (line: string): Promise<Screen> => openTerminal(`${boxyard} ${line}`, up.env);

/** Exit code, what is said first, and what to type instead. */
const refused: readonly (readonly [line: string, code: number, said: string, hint: string])[] = [
  ['terminal web', 2, 'This needs a terminal.', 'boxyard exec web -- COMMAND'],
  ['exec -it web -- true', 2, 'This needs a terminal.', 'boxyard exec without -t'],
  ['run -it --engine process -- true', 2, 'This needs a terminal.', 'boxyard run without -t'],
  ['exec -it --detach web -- true', 2, '--interactive: does not go together with --detach.', 'boxyard exec --help'],
  ['terminal', 2, 'DEVBOX: missing.', 'boxyard terminal --help'],
  ['terminal --keep screen web', 2, '--keep: expected tmux, got screen.', 'boxyard terminal --help'],
  ['terminals show web/none', 5, 'No job web/none.', 'boxyard jobs list'],
  ['terminals close web/none', 5, 'No job web/none.', 'boxyard jobs list'],
  ['terminals list --devbox none', 5, 'No DevBox none.', 'boxyard devboxes list'],
  ['exec --background web', 2, 'COMMAND: is missing.', 'boxyard exec web -- COMMAND'],
  ['exec --background --interactive web -- true', 2, '--background: does not go together with --interactive.', ''],
  ['exec --background --timeout 5s web -- true', 2, '--background: does not go together with --timeout.', ''],
  ['exec --background --keep files web -- true', 2, '--keep: needs --background and --name too.', 'boxyard exec --help'],
  ['exec --keep files --name a web -- true', 2, '--keep: needs --background and --name too.', 'boxyard exec --help'],
  ['exec --background --name ../a web -- true', 2, '--name: lower-case letters', 'boxyard exec --help'],
  ['exec --background none -- true', 125, 'No DevBox none.', 'boxyard devboxes list'],
  ['exec --background --name a --keep files none -- true', 125, 'No DevBox none.', 'boxyard devboxes list'],
  ['jobs logs web/none -f', 5, 'No job web/none.', 'boxyard jobs list'],
  ['jobs cancel web/none', 5, 'No job web/none.', 'boxyard jobs list'],
  ['jobs list --devbox none', 5, 'No DevBox none.', 'boxyard devboxes list'],
];

test.each(refused)('boxyard %s is refused with a sentence and what to type instead', async (line, code, said, hint) => {
  const ran = await up.cli(line.split(' '));
  const [first = '', ...rest] = ran.stderr.split('\n');
  expect([ran.code, first.startsWith(said), rest.join('\n').includes(hint), ran.stdout], ran.stderr).toEqual([code, true, true, '']);
});

describe.skipIf(!hasTmux)('at a person’s terminal', () => {
  test.each([
    ['terminal none', 125, 'No DevBox none.'],
    ['terminal --read-only web/none', 125, 'No terminal web/none.'],
    ['terminal --name ../a web', 2, '--name: lower-case letters'],
    ['terminal --user nobody-here web', 125, 'nobody-here'],
    ['terminal --name nodir --cwd /nowhere web', 126, '/nowhere'],
    ['terminal --name noprogram web -- no-such-program', 127, 'no-such-program'],
  ])('boxyard %s says why and leaves the terminal as it was', async (line, code, said) => {
    await using screen = await open(line);
    await screen.shows(/ENDED \d+/);
    const shown = await screen.text();
    expect([shown.includes(said), /ENDED (\d+)/.exec(shown)?.[1]], shown).toEqual([true, String(code)]);
    await screen.isRestored(code);
  });

  test('commands to run first are run first, by the other names of the command too, and run -it ends with the command’s code', async () => {
    await using first = await open('shell --name first --first "export A=40" --first "export B=2" web');
    await first.shows(/[$#]\s*$/m);
    await first.keys('echo sum-$((A+B))', 'Enter');
    await first.shows('sum-42');
    await using second = await open('attach web/first');
    await second.shows('sum-42');
    await first.keys('exit 3', 'Enter');
    await first.shows('ENDED 3');
    await second.shows('ENDED 3');
    await using ran = await open('run -it --engine process -- sh -c "stty size; read line; exit 9"');
    await ran.shows('40 120');
    await ran.keys('Enter');
    await ran.shows('ENDED 9');
  });
});

test('terminals that ask are listed first, alone with --asks, and no more when somebody has typed; their events say so', async () => {
  const client = clientOf(up.api);
  const stop = new AbortController();
  const asked: string[] = [];
  const following = (async () => {
    for await (const item of client.events({signal: stop.signal}))
      if (item.type === 'event' && item.event.type === 'session.asks') asked.push(item.event.subject);
  })().catch(() => undefined);
  const start = async (name: string, script: string) =>
    (await client.devboxesExec({devbox: 'web', body: {name, command: ['sh', '-c', script], tty: {columns: 80, rows: 24}}})).id;
  const asking = await start('agent', "printf '\\033]0;my title\\007\\033]9;Allow it?\\007'; read line; echo thanks; sleep 1000");
  await start('busy', 'while :; do echo working; sleep 0.1; done');
  const list = async (...flags: readonly string[]) =>
    (await up.ok('terminals', 'list', '--no-headers', ...flags)).split('\n').filter(line => line !== '');
  await waitFor(async () => (await list('--asks')).length === 1, {within: 10_000, what: 'one asks'});
  const [only = ''] = await list('--asks');
  expect([only.includes('web/agent'), only.includes('asks'), only.includes('Allow it?'), only.includes('\u001b')]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  const all = await list();
  expect([all[0]?.includes('web/agent'), all.some(line => line.includes('web/busy'))]).toEqual([true, true]);
  const shown = await up.ok('terminals', 'show', 'web/agent');
  expect(shown).toMatch(/Doing:\s+asks for/);
  expect(shown).toMatch(/Title:\s+my title/);
  await waitFor(() => asked.length > 0, {within: 20_000, what: 'the event comes'});
  expect(asked.every(subject => subject.includes(asking))).toBe(true);
  using viewer = new Viewer(client, asking);
  await waitFor(() => viewer.controls, {within: 10_000, what: 'somebody is there'});
  viewer.type('yes\r');
  await viewer.shows('thanks');
  await waitFor(async () => (await list('--asks')).length === 0, {within: 10_000, what: 'nobody asks any more'});
  stop.abort();
  await following;
  client.close();
  for (const name of ['agent', 'busy']) await up.ok('terminals', 'close', `web/${name}`);
});

test('no more terminals live at once than the tenant may have, and one that ended makes room', async () => {
  const client = clientOf(up.api);
  const [tenant] = (await up.json<{items: {id: string}[]}>('tenants', 'list')).items;
  await waitFor(async () => (await up.json<{items: unknown[]}>('terminals', 'list')).items.length === 0, {
    within: 20_000,
    what: 'all ended',
  });
  await up.ok('tenants', 'set', tenant!.id, '--sessions', '2');
  const start = () => client.devboxesExec({devbox: 'web', body: {command: ['sleep', '1000'], tty: {columns: 80, rows: 24}}});
  const first = await start();
  await start();
  await expect(start()).rejects.toMatchObject({code: 'LIMIT_REACHED', message: expect.stringContaining('live sessions') as string});
  await up.ok('terminals', 'close', first.id);
  await up.ended(first.id);
  await waitFor(() => start().then(Boolean, () => false), {within: 10_000, what: 'there is room again'});
  client.close();
});
