import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {afterAll, describe, expect, it} from 'vitest';
import type {Engine} from '@boxyard/core/plugin-api';
import {apiEngine} from '../../src/engines/docker-api/api-engine.ts';
import {openEngine} from './engine-lab.ts';
import {findPodman, ownPodman, servicePid} from './own-podman.ts';
import {smallRegistry} from './small-registry.ts';

interface Opened {
  readonly engine: Engine;
  close(): Promise<void>;
}

const registry = await smallRegistry();
afterAll(() => registry.close());

/** docker speaks plain text to loopback; podman does where its settings say so, so it gets a service with settings of its own. */
const open: Record<string, () => Promise<Opened | {absent: string}>> = {
  docker: async () => {
    const opened = await openEngine('docker', {});
    return 'absent' in opened ? opened : opened.open;
  },
  podman: async () => {
    if ((await findPodman()) === undefined) return {absent: 'no podman on PATH'};
    const stateDir = await mkdtemp(path.join(tmpdir(), 'boxyard-pull-'));
    const settings = path.join(stateDir, 'registries.conf');
    await writeFile(settings, `[[registry]]\nlocation = "${registry.address}"\ninsecure = true\n`);
    const close = async () => {
      const pid = await servicePid(stateDir);
      if (pid > 0) process.kill(pid, 'SIGKILL');
      await rm(stateDir, {recursive: true, force: true});
    };
    return {engine: apiEngine(ownPodman(stateDir, {CONTAINERS_REGISTRIES_CONF: settings})), close};
  },
};

for (const [name, openIt] of Object.entries(open)) {
  const opened = await openIt();
  if ('absent' in opened) {
    process.stderr.write(`pulls on ${name} skipped: ${opened.absent}\n`);
    continue;
  }
  const images = opened.engine.features.images!;
  const signal = AbortSignal.timeout(120_000);
  const pull = (ref: string, seen: {step: string; done: number; total: number | undefined}[] = []) =>
    images.pull(ref, undefined, (step, done, total) => seen.push({step, done, total}), signal);

  describe(`a pull on ${name}`, {timeout: 60_000}, () => {
    afterAll(async () => {
      await images.remove(registry.image, AbortSignal.timeout(20_000)).catch(() => undefined);
      await opened.close();
    });

    it('brings the image, and says on the way how far it is', async () => {
      const seen: Parameters<typeof pull>[1] = [];
      const image = await pull(registry.image, seen);
      expect(image.refs).toContain(registry.image);
      expect((await images.find(registry.image, signal))?.id).toBe(image.id);
      const counted = seen!.filter(({total}) => total !== undefined && total > 3_000_000);
      expect(counted.some(({done, total}) => done > 0 && done < total!)).toBe(true);
      expect(counted.every(({done, total}) => done <= total!)).toBe(true);
    });

    it.each([
      {ref: `${registry.address}/tools/none:1`, fault: 'not-found', says: 'no such image'},
      {ref: `${registry.address}/tools/private/x:1`, fault: 'denied', says: 'refused'},
      {ref: '127.0.0.1:1/tools/none:1', fault: 'unavailable', says: 'connection refused'},
    ])('of $ref is refused as $fault', async ({ref, fault, says}) => {
      await expect(pull(ref)).rejects.toMatchObject({message: expect.stringContaining(says)});
      const error = (await pull(ref).catch((thrown: unknown) => thrown)) as {fault?: string; cause?: {fault?: string}};
      expect(error.fault ?? error.cause?.fault).toBe(fault);
    });

    it('that is given up ends soon and leaves no image', async () => {
      await images.remove(registry.image, signal).catch(() => undefined);
      const cut = new AbortController();
      const pulling = images.pull(registry.image, undefined, () => cut.abort(), AbortSignal.any([signal, cut.signal]));
      await expect(pulling).rejects.toThrow();
      expect(await images.find(registry.image, signal)).toBeUndefined();
    });
  });
}
