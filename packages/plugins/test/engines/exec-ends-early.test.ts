import {describe, expect, it} from 'vitest';
import {ensureBaseImage} from '@boxyard/core/testing';
import {openEngine} from './engine-lab.ts';

const ROUNDS = 15;

/** A program that ends without reading its stdin closes the connection while we may still write into it. */
for (const name of ['docker', 'podman'] as const) {
  const opened = await ensureBaseImage(name).then(
    image => openEngine(name, {image}),
    (error: Error) => ({absent: error.message}),
  );
  if ('absent' in opened) process.stderr.write(`exec tests on ${name} skipped: ${opened.absent}\n`);
  describe.skipIf('absent' in opened)(`an exec on ${name} that ends without reading its stdin`, () => {
    it.runIf(name === 'podman')('and leaves much unread says that something may be missing, or nothing is', {timeout: 90_000}, async () => {
      if ('absent' in opened) return;
      const lab = opened.open.lab(AbortSignal.timeout(80_000));
      const {engine} = opened.open;
      const box = await engine.create(lab.spec({main: 'hold'}), lab.signal);
      await box.start(undefined, lab.signal);
      for (let round = 0; round < ROUNDS; round += 1) {
        const process = await engine.features.exec!(box, {argv: ['sh', '-c', 'head -c 100000 /dev/zero; printf end']}, lab.signal);
        process.stdin.end(Buffer.alloc(300_000));
        let bytes = 0;
        let words = '';
        for await (const chunk of process.output)
          if (chunk.stream === 'stdout') bytes += chunk.bytes.length;
          else words += Buffer.from(chunk.bytes).toString();
        expect(words).toMatch(/^(podman: the program left input unread, so the end of its output may be missing\n)?$/);
        if (words === '') expect(bytes).toBe(100_003);
      }
      await box.remove(lab.signal);
    });

    it('loses nothing of what it said', {timeout: 90_000}, async () => {
      if ('absent' in opened) return;
      const lab = opened.open.lab(AbortSignal.timeout(80_000));
      const {engine} = opened.open;
      const box = await engine.create(lab.spec({main: 'hold'}), lab.signal);
      await box.start(undefined, lab.signal);
      try {
        for (let round = 0; round < ROUNDS; round += 1) {
          const process = await engine.features.exec?.(box, {argv: ['sh', '-c', 'head -c 100000 /dev/zero; printf end']}, lab.signal);
          if (process === undefined) throw new Error('no exec');
          // Not read at once, so that the program is over when its stdin is written to.
          await new Promise(resolve => setTimeout(resolve, round * 20));
          // podman stops reading a program that ends with bytes of its stdin unread, and loses what it said last.
          if (name === 'docker') process.stdin.write(Buffer.alloc(300_000));
          process.stdin.end('');
          let bytes = 0;
          for await (const chunk of process.output) bytes += chunk.bytes.length;
          expect([bytes, await process.wait()]).toEqual([100_003, {code: 0}]);
        }
      } finally {
        await box.remove(lab.signal);
        await opened.open.close();
      }
    });
  });
}
