import {Readable} from 'node:stream';
import {pack} from 'tar-stream';
import {expect, it, onTestFinished} from 'vitest';
import {ensureBaseImage} from '@boxyard/core/testing';
import {openEngine} from './engine-lab.ts';

const opened = await ensureBaseImage('podman').then(
  async image => ({image, ...(await openEngine('podman', {image}))}),
  (error: Error) => ({absent: error.message}),
);
if ('absent' in opened) process.stderr.write(`builds beside boxes on podman skipped: ${opened.absent}\n`);

const STEPS = 12;
const SIGNAL_MS = 120_000;

it.skipIf('absent' in opened)('a build outlives the networks of boxes that come and go beside it', {timeout: SIGNAL_MS}, async () => {
  if ('absent' in opened) return;
  const {image} = opened;
  const {engine, close, lab: openLab} = opened.open;
  const lab = openLab(AbortSignal.timeout(SIGNAL_MS - 10_000));
  const ref = `localhost/beside-${Math.random().toString(36).slice(2)}:1`;
  let isOver = false;
  const comeAndGo = async () => {
    while (!isOver) {
      const box = await engine.create({...lab.spec(), network: 'private'}, lab.signal);
      await box.start(undefined, lab.signal);
      await box.wait(lab.signal);
      await box.remove(lab.signal);
    }
  };
  const boxes = [comeAndGo(), comeAndGo(), comeAndGo()];
  onTestFinished(async () => {
    isOver = true;
    await Promise.allSettled(boxes);
    await engine.features.images?.remove(ref, lab.signal).catch(() => undefined);
    await close();
  });
  const archive = pack();
  archive.entry(
    {name: 'Dockerfile'},
    [`FROM ${image}`, ...Array.from({length: STEPS}, (_, step) => `RUN echo ${step}; sleep 0.1`)].join('\n'),
  );
  archive.finalize();
  const wanted = {context: Readable.from(archive), file: 'Dockerfile', ref, args: {}, labels: {}, cache: false};
  const built = await engine.features.build!(wanted, () => undefined, lab.signal);
  expect(built.refs).toContain(ref);
});
