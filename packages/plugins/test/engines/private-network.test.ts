import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {Readable} from 'node:stream';
import {afterAll, describe, expect, it, vi} from 'vitest';
import type {Box, Engine} from '@boxyard/core/plugin-api';
import {ensureBaseImage} from '@boxyard/core/testing';
import {openEngine} from './engine-lab.ts';

const SIGNAL_MS = 90_000;

for (const name of ['docker', 'podman'] as const) {
  const opened = await ensureBaseImage(name).then(
    image => openEngine(name, {image}),
    (error: Error) => ({absent: error.message}),
  );
  if ('absent' in opened) {
    process.stderr.write(`private networks on ${name} skipped: ${opened.absent}\n`);
    continue;
  }
  const {engine, close, lab: openLab} = opened.open;
  const lab = openLab(AbortSignal.timeout(SIGNAL_MS * 2));

  describe(`boxes with a private network on ${name}`, {timeout: SIGNAL_MS}, () => {
    afterAll(async () => {
      for (const box of lab.names) await (await engine.find(box, lab.signal))?.remove(lab.signal);
      await close();
    });

    const start = async (tenant: string, network: 'private' | undefined = 'private') => {
      const spec = lab.spec({main: 'hold', ...(network === undefined ? {} : {network})});
      const box = await engine.create({...spec, labels: {...spec.labels, 'io.boxyard.tenant': tenant}}, lab.signal);
      await box.start(undefined, lab.signal);
      return box;
    };
    const run = (box: Box, script: string) => execIn(engine, box, script, lab.signal);
    const addressOf = async (box: Box) => /inet (\d+\.\d+\.\d+\.\d+)/.exec(await run(box, 'ip -o -4 addr show eth0'))?.[1] ?? '';
    const reaches = async (from: Box, to: string) =>
      (await run(from, `ping -c 1 -W 1 ${to} >/dev/null 2>&1 && echo yes || echo no`)).trim();

    it('reach the machine beyond, and not those of another tenant', async () => {
      const unique = Math.random().toString(36).slice(2);
      const [one, other] = await Promise.all([start(`t-${unique}a`), start(`t-${unique}b`)]);
      const [mine, theirs] = [await addressOf(one), await addressOf(other)];
      expect(await reaches(one, mine)).toBe('yes');
      expect(await reaches(one, mine.replace(/\d+$/, '1'))).toBe('yes');
      // The engine may put its rules in place a moment after the box has started.
      await vi.waitFor(async () => expect([await reaches(one, theirs), await reaches(other, mine)]).toEqual(['no', 'no']), {
        timeout: 20_000,
      });
      await Promise.all([one.remove(lab.signal), other.remove(lab.signal)]);
    });

    it('stay apart from those of another tenant when the boxes of a third have gone', async () => {
      const unique = Math.random().toString(36).slice(2);
      const [one, other, third] = await Promise.all([start(`t-${unique}a`), start(`t-${unique}b`), start(`t-${unique}c`)]);
      const theirs = await addressOf(other);
      await vi.waitFor(async () => expect(await reaches(one, theirs)).toBe('no'), 20_000);
      await third.remove(lab.signal);
      const seen: string[] = [];
      for (let turn = 0; turn < 5; turn += 1) seen.push(await reaches(one, theirs));
      expect(seen).toEqual(['no', 'no', 'no', 'no', 'no']);
      await Promise.all([one.remove(lab.signal), other.remove(lab.signal)]);
    });

    it('find the network of the last one of their tenant still there, and it goes with the engine', async context => {
      if (name === 'docker') return context.skip('its network is one for all, and stays');
      const own = await lab.reopen();
      const labels = {'io.boxyard.tenant': `t-${Math.random().toString(36).slice(2)}`};
      const network = `boxyard-${labels['io.boxyard.tenant']}`;
      const ids: string[] = [];
      for (let turn = 0; turn < 2; turn += 1) {
        const spec = lab.spec({network: 'private'});
        const box = await own.create({...spec, labels: {...spec.labels, ...labels}}, lab.signal);
        ids.push(idOf(name, network));
        await box.remove(lab.signal);
        expect(idOf(name, network)).toBe(ids[turn]);
      }
      expect(ids[1]).toBe(ids[0]);
      await own.close?.();
      expect(networks(name)).not.toContain(network);
    });

    it('that were not made leave a network no longer than others', async context => {
      if (name === 'docker') return context.skip('its network is one for all, and stays');
      const own = await lab.reopen();
      const tenant = `t-${Math.random().toString(36).slice(2)}`;
      const spec = lab.spec({network: 'private', image: 'localhost/not-there:1'});
      await expect(own.create({...spec, labels: {'io.boxyard.tenant': tenant}}, lab.signal)).rejects.toThrow();
      expect(networks(name)).toContain(tenant);
      await own.close?.();
      expect(networks(name)).not.toContain(tenant);
    });

    it('that a killed agent left are cleared away by the next that starts, once their while is over and unless a box is on them', async context => {
      if (name === 'docker') return context.skip('its network is one for all, and stays');
      const unique = Math.random().toString(36).slice(2);
      const box = await start(`t-${unique}used`);
      const [used, left, young, build] = [
        `boxyard-t-${unique}used`,
        `boxyard-t-${unique}left`,
        `boxyard-t-${unique}new`,
        `boxyard-build-${unique}`,
      ];
      for (const made of [left, young, build]) cli(name, 'network', 'create', '--label', 'io.boxyard.managed=true', made);
      for (const old of [used, left, build]) makeOlder(old, 120_000);
      const next = await lab.reopen();
      await next.probe(lab.signal);
      await vi.waitFor(() => expect(networks(name)).not.toContain(left), {timeout: 20_000});
      expect(networks(name).split('\n')).toEqual(expect.arrayContaining([used, young, build]));
      await box.remove(lab.signal);
      for (const made of [young, build]) cli(name, 'network', 'rm', made);
    });

    it('are made at once by two that know nothing of each other', async () => {
      const second = await lab.reopen();
      const specs = Array.from({length: 4}, () => lab.spec({main: 'hold', network: 'private'}));
      const boxes = await Promise.all(specs.map((spec, index) => (index % 2 === 0 ? engine : second).create(spec, lab.signal)));
      await Promise.all(boxes.map(box => box.start(undefined, lab.signal)));
      const states = await Promise.all(boxes.map(box => box.inspect(lab.signal)));
      expect(states.map(({is}) => is)).toEqual(['running', 'running', 'running', 'running']);
      await Promise.all(boxes.map(box => box.remove(lab.signal)));
    });

    it('start while another agent that ends takes the network with it', async () => {
      const turns = async (worker: number) => {
        const own = await lab.reopen();
        for (let turn = 0; turn < 4; turn += 1) {
          const spec = lab.spec({main: 'hold', network: 'private', stdin: worker % 2 === 0});
          const box = await own.create({...spec, labels: {...spec.labels, 'io.boxyard.tenant': 't-turns'}}, lab.signal);
          await box.start(worker % 2 === 0 ? Readable.from([]) : undefined, lab.signal);
          await box.remove(lab.signal);
          await own.close?.();
        }
      };
      await Promise.all([0, 1, 2, 3].map(turns));
    });

    it('start again after somebody cleared the networks away', async context => {
      const tenant = `t-${Math.random().toString(36).slice(2)}`;
      const box = await start(tenant);
      await box.stop(0, lab.signal);
      if (!clearAway(name, name === 'docker' ? networkOf(name, box.name) : `boxyard-${tenant}`))
        return context.skip('the network is in use elsewhere');
      await box.start(undefined, lab.signal);
      expect(await addressOf(box)).toMatch(/^\d/);
      await box.remove(lab.signal);
    });
  });
}

const sockets = {docker: '/var/run/docker.sock', podman: '/run/podman/podman.sock'};
type Name = keyof typeof sockets;
function cli(name: Name, ...args: string[]) {
  return spawnSync('docker', ['-H', `unix://${sockets[name]}`, ...args], {encoding: 'utf8'});
}
const networks = (name: Name) => cli(name, 'network', 'ls', '--format', '{{.Name}}').stdout;
const idOf = (name: Name, network: string) => cli(name, 'network', 'inspect', '-f', '{{.Id}}', network).stdout.trim();
const networkOf = (name: Name, box: string) => cli(name, 'inspect', '-f', '{{.HostConfig.NetworkMode}}', box).stdout.trim();

function makeOlder(network: string, ms: number): void {
  const file = `/etc/containers/networks/${network}.json`;
  const told = JSON.parse(readFileSync(file, 'utf8')) as object;
  // podman reads its files again when their folder has changed, and not for what is in one of them.
  writeFileSync(`${file}.new`, JSON.stringify({...told, created: new Date(Date.now() - ms).toISOString()}));
  renameSync(`${file}.new`, file);
}

/** podman takes none away under a box that is made; the race it loses with one that is being made ends like this. */
function clearAway(name: Name, network: string): boolean {
  if (name === 'docker') return cli(name, 'network', 'rm', network).status === 0;
  const file = `/etc/containers/networks/${network}.json`;
  if (!existsSync(file)) return false;
  rmSync(file);
  return true;
}

async function execIn(engine: Engine, box: Box, script: string, signal: AbortSignal): Promise<string> {
  const process = await engine.features.exec!(box, {argv: ['sh', '-c', script]}, signal);
  process.stdin.end();
  let text = '';
  for await (const {bytes} of process.output) text += Buffer.from(bytes).toString();
  await process.wait();
  return text;
}
