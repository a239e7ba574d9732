import {afterAll, describe, expect, it} from 'vitest';
import type {Box, BoxSpec, Chunk} from '@boxyard/core/plugin-api';
import {ensureBaseImage} from '@boxyard/core/testing';
import {openEngine} from './engine-lab.ts';

const engines = ['docker', 'podman', 'process'] as const;
const START = {stdout: 0, stderr: 0};
const SIGNAL_MS = 60_000;

for (const name of engines) {
  const opened = await open(name);
  if ('absent' in opened) {
    process.stderr.write(`missing programs on ${name} skipped: ${opened.absent}\n`);
    continue;
  }
  const {engine, close, lab: openLab} = opened.open;
  const lab = openLab(AbortSignal.timeout(SIGNAL_MS * 5));

  describe(`a program that cannot be started on ${name}`, {timeout: SIGNAL_MS}, () => {
    afterAll(async () => {
      for (const box of lab.names) await (await engine.find(box, lab.signal))?.remove(lab.signal);
      await close();
    });

    const run = async (main: readonly string[], change: Partial<BoxSpec> = {}) => {
      const box = await engine.create(lab.spec({main, ...change}), lab.signal);
      const first = read(box);
      await box.start(undefined, lab.signal);
      const exit = await box.wait(lab.signal);
      return {exit, first: await first, again: await read(box)};
    };

    it.each([
      {main: ['no-such-program', 'x'], code: 127, says: 'no-such-program: command not found\n'},
      {main: ['/no/such', 'x'], code: 127, says: '/no/such: no such file\n'},
      {main: ['/etc/passwd'], code: 126, says: '/etc/passwd: cannot be run\n'},
    ])('is named as the main program: $says', async ({main, code, says}) => {
      const {exit, first, again} = await run(main);
      expect({exit, first, again}).toEqual({exit: {code}, first: {stdout: '', stderr: says}, again: {stdout: '', stderr: says}});
    });

    it.each([
      {argv: ['no-such-program', 'x'], code: 127, says: 'no-such-program: command not found\n'},
      {argv: ['/no/such', 'x'], code: 127, says: '/no/such: no such file\n'},
      {argv: ['/etc/passwd'], code: 126, says: '/etc/passwd: cannot be run\n'},
    ])('is named as an exec: $says', async ({argv, code, says}) => {
      const box = await engine.create(lab.spec({main: 'hold'}), lab.signal);
      await box.start(undefined, lab.signal);
      const started = await engine.features.exec!(box, {argv}, lab.signal);
      started.stdin.end();
      const output = await collect(started.output);
      expect({exit: await started.wait(), output}).toEqual({exit: {code}, output: {stdout: '', stderr: says}});
    });

    it.skipIf(name === 'process')('is told apart from a directory that is not there', async () => {
      const box = await engine.create(lab.spec({main: 'hold'}), lab.signal);
      await box.start(undefined, lab.signal);
      const started = await engine.features.exec!(box, {argv: ['pwd'], cwd: '/no/such'}, lab.signal);
      started.stdin.end();
      const output = await collect(started.output);
      expect({exit: await started.wait(), output}).toEqual({
        exit: {code: 126},
        output: {stdout: '', stderr: '/no/such: no such directory\n'},
      });
    });

    it('is not seen in words that a program says itself', async () => {
      const tini = '[FATAL tini (7)] exec x failed: No such file or directory\n';
      const catatonit = 'ERROR (catatonit:6): failed to exec pid1: No such file or directory\n';
      for (const [words, code] of [
        [tini, 0],
        [catatonit, 0],
        [catatonit, 1],
        [`${tini}and more\n`, 127],
        [`${catatonit}and more\n`, 127],
      ] as const) {
        if (words === catatonit && code === 1 && name === 'podman') continue;
        const {exit, first, again} = await run(['sh', '-c', `printf %s '${words}' >&2; exit ${code}`]);
        expect({exit, first, again}).toEqual({exit: {code}, first: {stdout: '', stderr: words}, again: {stdout: '', stderr: words}});
      }
    });

    it('is not seen in words that a program of an exec says itself', async () => {
      const box = await engine.create(lab.spec({main: 'hold'}), lab.signal);
      await box.start(undefined, lab.signal);
      const words = 'Error: runc: exec failed: exec: "x": executable file not found in $PATH: OCI\n';
      const started = await engine.features.exec!(box, {argv: ['sh', '-c', `printf %s '${words}'; exit 3`]}, lab.signal);
      started.stdin.end();
      expect(await collect(started.output)).toEqual({stdout: words, stderr: ''});
    });
  });

  const read = (box: Box) => collect(box.output(START, lab.signal));
}

async function collect(source: AsyncIterable<Chunk>): Promise<{stdout: string; stderr: string}> {
  const text = {stdout: '', stderr: ''};
  for await (const {stream, bytes} of source) text[stream] += Buffer.from(bytes).toString();
  return text;
}

async function open(name: (typeof engines)[number]) {
  try {
    if (name === 'process') return await openEngine(name, {config: {enabled: true, user: 'nobody'}});
    return await openEngine(name, {image: await ensureBaseImage(name)});
  } catch (error) {
    return {absent: (error as Error).message};
  }
}
