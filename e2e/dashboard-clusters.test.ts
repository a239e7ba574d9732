import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {hasTmux, openTerminal} from './terminal.ts';
import {Up} from './up.ts';

/** One Boxyard for the file; every test has a terminal of its own. */
let up: Up;
let receiver: Receiver;
beforeAll(async () => {
  if (!hasTmux) return;
  receiver = await openReceiver();
  up = await Up.open({BOXYARD_WEBHOOK_ALLOW: `127.0.0.1:${receiver.port}`});
}, 60_000);
afterAll(async () => {
  await up?.[Symbol.asyncDispose]();
  receiver?.close();
}, 60_000);

const open = () => openTerminal(`cd ${up.path} && ${boxyard} dashboard`, up.env);
const online = /● 127\.0\.0\.1:\d+/;

test.skipIf(!hasTmux)('a cluster is made of a file, run, read, cancelled, disabled and enabled', async () => {
  const role = `{name: builder, engine: process, copies: 2, command: [sh, -c, 'echo built-$((40+2)) "$BOXYARD_PROMPT"; sleep 300']}`;
  writeFileSync(join(up.path, 'team.yaml'), `name: team\nroles:\n  - ${role}\n`);
  await using screen = await open();
  await screen.shows(online);
  await screen.keys(':clusters', 'Enter');
  await screen.shows('No clusters');
  await screen.keys('n', 'team.yaml', 'Enter');
  await screen.shows('exit 0; enter goes back');
  await screen.keys('Enter');
  await screen.shows(/✔ team +enabled +0/);
  await screen.keys('r', 'Mend it.', 'Enter');
  await screen.shows("\\$ boxyard clusters run --prompt 'Mend it.' team builder");
  await screen.shows(/● team +enabled +1/);
  await screen.keys('Enter', ']', ']');
  await screen.shows(/\[log\] +facts[^]*Log of j-\w+ \([^]*built-42 Mend it\./);
  await screen.keys('[');
  await screen.shows(/\[runs\][^]*● builder +j-\w+ +running +0 of 2, 2 go on +manual/);
  await screen.keys('c');
  await screen.shows('Cancel 1 run of team/builder\\?');
  await screen.keys('y');
  await screen.shows(/builder +j-\w+ +cancelled/);
  await screen.keys('O', 'y');
  await screen.shows('z undoes it');
  await screen.keys('q');
  await screen.shows(/○ team +disabled/);
  await screen.keys('r');
  await screen.shows('team is disabled');
  await screen.keys('z');
  await expect.poll(async () => (await up.json<{enabled: boolean}>('clusters', 'show', 'team')).enabled, {timeout: 10_000}).toBe(true);
  await screen.keys('C-c', 'C-c');
  await screen.shows('ENDED 0');
});

test.skipIf(!hasTmux)('a webhook is tested, says what failed, sends it once more and rests', async () => {
  await up.ok('webhooks', 'add', `http://127.0.0.1:${receiver.port}/`, '--name', 'chat');
  receiver.answer(500);
  await using screen = await open();
  await screen.shows(online);
  await screen.keys(':webhooks', 'Enter');
  await screen.shows(/chat +(?:active|failing)/);
  await screen.keys('t');
  await screen.shows(/Not taken after \d+ ms/);
  receiver.answer(204);
  await screen.keys('t');
  await screen.shows(/Delivered in \d+ ms/);
  await screen.keys('Enter');
  await screen.shows(/\[deliveries\][^]*✔[^\n]+delivered +webhook\.test +test[^]*✖[^\n]+failed +webhook\.test +test/);
  await up.ended(await up.detached('--engine', 'process', '--', 'true'));
  await screen.shows(/✔[^\n]+delivered +job\.ended +event/);
  const before = receiver.count('job.ended');
  await screen.keys('g', 'a');
  await screen.shows('1 event to be sent once more');
  await screen.shows(/✔[^\n]+delivered +job\.ended +redelivery/);
  expect(receiver.count('job.ended')).toBe(before + 1);
  await screen.keys('O');
  await screen.keys('q');
  await screen.shows(/○ chat +disabled/);
  await screen.keys('z');
  await screen.shows(/✔ chat +active/);
  await screen.keys('C-c', 'C-c');
  await screen.shows('ENDED 0');
});

test.skipIf(!hasTmux)('plugins are listed with where they run and what they are', async () => {
  await using screen = await open();
  await screen.shows(online);
  await screen.keys(':plugins', 'Enter');
  await screen.shows(/Plugins \d+[^]*process +engine[^]*webhook +reporter +server +usable/);
  await screen.keys('C-c', 'C-c');
  await screen.shows('ENDED 0');
});

interface Receiver {
  readonly port: number;
  /** From now on every event is answered with this status. */
  answer(status: number): void;
  /** How many of a type came. */
  count(type: string): number;
  close(): void;
}

async function openReceiver(): Promise<Receiver> {
  let status = 204;
  const types: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => void (body += String(chunk)));
    request.on('end', () => {
      types.push((JSON.parse(body) as {type: string}).type);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as {port: number}).port,
    answer: next => void (status = next),
    count: type => types.filter(each => each === type).length,
    close: () => void server.close(),
  };
}
