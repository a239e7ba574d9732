import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ensureBaseImage} from '@boxyard/core/testing';
import podman from '@boxyard/plugins/engines/podman';
import {describeConformance} from './conformance-suite.ts';
import {serveAgain} from './restarted-podman.ts';

describeConformance(podman, async () => {
  const image = await ensureBaseImage('podman');
  const dir = mkdtempSync(join(tmpdir(), 'bxp-'));
  const socket = join(dir, 'p.sock');
  const service = serveAgain(socket);
  await service.start();
  return {
    image,
    config: {socket, start: false},
    hungConfig: {socket: '$HUNG', start: false},
    restart: async () => {
      await service.kill();
      await service.start();
    },
    close: async () => {
      await service.kill();
      rmSync(dir, {recursive: true, force: true});
    },
  };
});
