import {spawnSync} from 'node:child_process';
import {expect, it} from 'vitest';
import {ensureBaseImage} from '@boxyard/core/testing';
import {openEngine} from './engine-lab.ts';

const sockets = {docker: '/var/run/docker.sock', podman: '/run/podman/podman.sock'};

for (const name of ['docker', 'podman'] as const) {
  const base = await ensureBaseImage(name).catch((error: Error) => ({absent: error.message}));
  if (typeof base !== 'string') {
    process.stderr.write(`trials on ${name} skipped: ${base.absent}\n`);
    continue;
  }
  const cli = (...args: readonly string[]) => spawnSync('docker', ['-H', `unix://${sockets[name]}`, ...args], {encoding: 'utf8'});
  const isThere = (ref: string) => cli('image', 'inspect', ref).status === 0;

  it(
    `a trial on ${name} clears the name of an older one away, and leaves the image whatever else it is called`,
    {timeout: 90_000},
    async () => {
      const left = `localhost/boxyard-probe-${Math.random().toString(36).slice(2)}:latest`;
      const [own, created] = [`localhost/trial-${process.pid}:1`, cli('image', 'inspect', '-f', '{{.Created}}', base).stdout.trim()];
      cli('tag', base, left);
      cli('tag', base, own);
      const opened = await openEngine(name, {image: base});
      if ('open' in opened) await opened.open.close();
      const isOld = Date.now() - Date.parse(created) > 600_000;
      expect([isThere(left), isThere(own), isThere(base)]).toEqual([!isOld, true, true]);
      for (const ref of [left, own]) cli('rmi', ref);
    },
  );
}
