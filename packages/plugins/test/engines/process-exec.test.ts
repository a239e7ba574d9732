import {expect, test} from 'vitest';
import {openEngine} from './engine-lab.ts';

const MiB = 1024 * 1024;

test('what an exec has said is not held on to while its other stream stays silent', {timeout: 90_000}, async () => {
  const opened = await openEngine('process', {config: {enabled: true}});
  if ('absent' in opened) throw new Error(opened.absent);
  const {engine, lab: openLab, close} = opened.open;
  const lab = openLab(AbortSignal.timeout(80_000));
  const box = await engine.create(lab.spec({main: 'hold'}), lab.signal);
  try {
    await box.start(undefined, lab.signal);
    const process = await engine.features.exec!(box, {argv: ['head', '-c', String(600 * MiB), '/dev/zero']}, lab.signal);
    process.stdin.end();
    let [bytes, most] = [0, 0];
    for await (const chunk of process.output) {
      bytes += chunk.bytes.length;
      most = Math.max(most, globalThis.process.memoryUsage().arrayBuffers);
    }
    expect([bytes, await process.wait()]).toEqual([600 * MiB, {code: 0}]);
    expect(most).toBeLessThan(200 * MiB);
  } finally {
    await box.remove(lab.signal);
    await close();
  }
});
