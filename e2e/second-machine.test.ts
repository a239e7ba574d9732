import {createHash, randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {parseTicket} from '@boxyard/core/config';
import type {WorkerView} from '@boxyard/core/api';
import {Api} from '../faults/lab/api.ts';
import {boxyard, machineEnv, makeRoot, sweep} from '../faults/lab/directories.ts';
import {Program} from '../faults/lab/program.ts';
import {run} from '../faults/lab/run-command.ts';
import {Server} from '../faults/lab/server.ts';
import {waitFor, waitUntil} from '../faults/lab/wait-for.ts';
import {Network} from '../faults/primitives/namespaces.ts';

/** A server beyond loopback and a second machine in a network namespace of its own. */
const whyNot = await Network.whyNot();
if (whyNot !== undefined) console.log(`skipped: ${whyNot}`);

const parts = new AsyncDisposableStack();
let network: Network;
let server: Server;
let root: string;
beforeAll(async () => {
  if (whyNot !== undefined) return;
  network = parts.use(await Network.create());
  root = makeRoot();
  parts.defer(() => sweep(root));
  server = parts.use(await Server.create({dir: join(root, 's'), listenOn: network.gateway}));
  await server.start();
}, 60_000);
afterAll(() => parts.disposeAsync(), 60_000);

const cli = (args: readonly string[], input?: string) =>
  run([boxyard, ...args], {env: server.env, ...(input === undefined ? {} : {input})});
const invite = async (...args: readonly string[]) => (await cli(['workers', 'invite', '-o', 'name', ...args])).stdout.trim();

/** A machine on the network, joined as a person joins it: the invitation comes by environment. */
async function machine(name: string, line: string, ...flags: readonly string[]): Promise<{program: Program; env: Record<string, string>}> {
  const {namespace} = await network.addMachine(name);
  const env = machineEnv(join(root, name), {BOXYARD_INVITATION: line});
  const argv = [boxyard, 'worker', 'join', '--name', name, '--engine', 'process', ...flags];
  const program = parts.use(new Program({name, argv, env, log: join(root, `${name}.log`), namespace}));
  program.start();
  return {program, env};
}

const online = (name: string) =>
  waitUntil(
    () => server.api.workers().then(list => list.find(worker => worker.name === name)),
    (seen): seen is WorkerView => seen?.status === 'ready' && seen.mode !== undefined,
    {within: 20_000, what: `${name} is online`},
  );

test.skipIf(whyNot !== undefined)(
  'an invitation is all another machine needs: joined, seen, labelled, cordoned, drained, removed',
  async () => {
    const line = await invite('--name', 'nas', '--label', 'disk=fast');
    expect(line).toMatch(new RegExp(`^bxi_[^_]*${network.gateway}:${server.port}[^_]*_[0-9a-f]{64}_[a-z2-7]+$`));
    const before = Date.now();
    const {program} = await machine('nas', line);
    const seen = await online('nas');
    expect(Date.now() - before, 'milliseconds until it is in the list').toBeLessThan(10_000);
    expect(seen).toMatchObject({labels: {disk: 'fast'}, mode: 'byom'});

    const onNas = ['run', '--engine', 'process', '--worker', 'nas', '--'];
    const ran = await cli([...onNas, 'sh', '-c', 'ip -o addr 2>/dev/null || cat /proc/net/fib_trie']);
    expect([ran.code, ran.stdout.includes(network.gateway.replace(/\.1$/, '.10'))], ran.stderr).toEqual([0, true]);

    expect((await cli(['workers', 'label', 'nas', '--set', 'rack=2'])).code).toBe(0);
    expect((await server.api.workers())[0]).toMatchObject({labels: {rack: '2'}});
    expect((await cli(['workers', 'cordon', 'nas'])).code).toBe(0);
    const refused = await cli(['run', '--engine', 'process', '--worker', 'nas', '--queue-timeout', '1s', '--', 'true']);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/nas.*cordoned/s);
    expect((await cli(['workers', 'cordon', 'nas', '--off'])).code).toBe(0);
    expect((await cli(['workers', 'drain', 'nas'])).code).toBe(0);
    expect((await server.api.workers())[0]?.status).toBe('draining');
    expect((await cli(['workers', 'remove', 'nas'])).code).toBe(0);
    // Its credential ended with it: the agent stops and says why.
    expect((await program.ended(20_000)).code).toBe(4);
    expect(program.log).toMatch(/removed/);
  },
  60_000,
);

test.skipIf(whyNot !== undefined)(
  'a used invitation says by whom it was used; a withdrawn or old one says so',
  async () => {
    const line = await invite();
    await machine('first', line);
    await online('first');
    const second = await machine('second', line);
    expect((await second.program.ended()).code).toBe(6);
    expect(second.program.log).toMatch(/This invitation was used by first at .*\./);
    expect(second.program.log).toContain('boxyard workers invite');
    const old = await server.api.must<{line: string; expiresAt: string}>('POST', '/v1/invitations', {body: {expiresInMs: 1_000}});
    await waitFor(() => Date.now() > Date.parse(old.expiresAt) + 100, {within: 10_000, what: 'the invitation expires'});
    const body = {secret: parseTicket(old.line, 'bxi').secret, machine: randomBytes(24).toString('hex'), name: 'late'};
    expect((await new Api(server.url).call('POST', '/v1/invitations/redeem', {body})).status).toBe(410);
  },
  60_000,
);

test.skipIf(whyNot !== undefined)(
  'another server at the address is not joined, and nothing is sent to it',
  async () => {
    const ticket = parseTicket(await invite(), 'bxi');
    const other = createHash('sha256').update('another key').digest('hex');
    const wrong = ['bxi', ticket.addresses.join(','), other, ticket.secret].join('_');
    const {program} = await machine('wrong', wrong);
    expect((await program.ended()).code).toBe(6);
    expect(program.log).toMatch(/The server at .* is not the one that made this invitation\./);
    expect((await server.api.workers()).map(worker => worker.name)).not.toContain('wrong');
  },
  60_000,
);

test.skipIf(whyNot !== undefined)('beyond loopback the server speaks TLS alone', async () => {
  await expect(new Api(server.url.replace('https', 'http')).call('GET', '/v1/health', {within: 5_000})).rejects.toThrow();
  expect((await new Api(server.url).call('GET', '/v1/health')).status).toBe(200);
});
