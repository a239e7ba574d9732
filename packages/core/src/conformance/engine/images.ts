import assert from 'node:assert/strict';
import {readlink} from 'node:fs/promises';
import {Readable} from 'node:stream';
import type {Build, Case} from '../../plugin-api/index.ts';
import {eventually, execToEnd, must, rejectsWith, runToEnd, sh, startHeld} from './steps.ts';
import {findsMarks, markCount, marker} from './marked.ts';
import {tarOf} from './tiny-tar.ts';

export const imageCases: readonly Case[] = [
  {
    name: 'an image that is here is found, one that is not is undefined, and a box of it is refused',
    needs: ['images'],
    run: async (engine, lab) => {
      const images = must(engine.features.images);
      const {image = ''} = lab.spec();
      const found = await images.find(image, lab.signal);
      assert.ok(found !== undefined && found.refs.includes(image), JSON.stringify(found));
      assert.ok((await images.list(lab.signal)).some(one => one.id === found.id));
      const missing = lab.imageName();
      assert.equal(await images.find(missing, lab.signal), undefined);
      await rejectsWith(engine.create(lab.spec({image: missing}), lab.signal), 'not-found');
      await images.remove(missing, lab.signal);
    },
  },
  {
    name: 'a name that is no image name is refused before the engine sees it',
    needs: ['images'],
    run: async (engine, lab) => {
      for (const name of ['-x', 'a b', 'Upper', 'x/../y?', 'x\n', ''])
        await rejectsWith(must(engine.features.images).find(name, lab.signal), 'invalid');
    },
  },
  {
    name: 'a snapshot of a running box is an image with its files and labels, and without its variables',
    needs: ['images', 'snapshot', 'exec'],
    run: async (engine, lab) => {
      const ref = lab.imageName();
      const images = must(engine.features.images);
      const box = await startHeld(engine, lab, {env: {SECRET: 'do-not-keep'}, cwd: '/workspace'});
      await execToEnd(engine, lab, box, {argv: sh('echo kept >/workspace/file')});
      try {
        const image = await must(engine.features.snapshot)(box, ref, {'io.boxyard.note': 'a "b" $c \\ d'}, lab.signal);
        assert.equal(image.labels['io.boxyard.note'], 'a "b" $c \\ d');
        assert.equal((await box.inspect(lab.signal)).is, 'running');
        const {stdout, box: made} = await runToEnd(engine, lab, {image: ref, main: sh('cat /workspace/file; echo "[$SECRET]"')});
        assert.equal(stdout.toString(), 'kept\n[]\n');
        await made.remove(lab.signal);
      } finally {
        await box.remove(lab.signal);
        await images.remove(ref, lab.signal);
      }
    },
  },
  {
    name: 'a build streams its log and gives an image with its labels; a step that fails is refused',
    needs: ['images', 'build'],
    run: async (engine, lab) => {
      const {image = ''} = lab.spec();
      const [ref, build, images] = [lab.imageName(), must(engine.features.build), must(engine.features.images)];
      const wanted = (...steps: string[]) => ({
        context: Readable.from([
          tarOf([
            {name: 'Dockerfile', data: [`FROM ${image}`, 'ARG WORD=none', ...steps].join('\n')},
            {name: 'file', data: 'copied'},
          ]),
        ]),
        file: 'Dockerfile',
        ref,
        args: {WORD: 'given'},
        labels: {'io.boxyard.note': 'built'},
        cache: false,
      });
      let log = '';
      const built = await build(
        wanted('COPY file /file', 'RUN echo "said-$WORD"', 'RUN cat /file'),
        bytes => (log += Buffer.from(bytes).toString()),
        lab.signal,
      );
      assert.match(log, /said-given/);
      assert.match(log, /copied/);
      assert.equal(built.labels['io.boxyard.note'], 'built');
      await images.remove(ref, lab.signal);
      await rejectsWith(
        build(wanted('RUN exit 9'), () => undefined, lab.signal),
        'invalid',
      );
    },
  },
  {
    name: 'the steps of a build keep to its limits and do not see the machine’s own network',
    needs: ['images', 'build'],
    run: async (engine, lab) => {
      const {image = ''} = lab.spec();
      const [ref, build, images] = [lab.imageName(), must(engine.features.build), must(engine.features.images)];
      const probe = await engine.probe(lab.signal);
      const enforces = probe.usable ? probe.enforces : [];
      const logOf = async (step: string, limits: Build['limits'] & object): Promise<string> => {
        const context = Readable.from([tarOf([{name: 'Dockerfile', data: `FROM ${image}\nRUN ${step}\n`}])]);
        let log = '';
        const wanted = {context, file: 'Dockerfile', ref, args: {}, labels: {}, cache: false, limits};
        // Where the kernel ends the whole step for its memory the build fails, which is as good.
        await build(wanted, bytes => (log += Buffer.from(bytes).toString()), lab.signal).catch((error: unknown) => (log += String(error)));
        await images.remove(ref, lab.signal);
        return log;
      };
      const network = await logOf('echo "net=$(readlink /proc/self/ns/net)"', {});
      const own = await readlink('/proc/self/ns/net').catch(() => '');
      assert.match(network, /net=net:\[\d+\]/);
      assert.ok(own === '' || !network.includes(`net=${own}`), 'a step runs in the machine’s own network');
      // Not less: a runtime keeps a copy of itself in there while it starts the step.
      const limits = enforces.includes('memory') ? {memoryBytes: 96 * 2 ** 20} : {};
      const memory = await logOf('head -c 200000000 /dev/zero | tail -c 190000000 | wc -c | sed s/^/memory=/ || :', limits);
      if (enforces.includes('memory')) assert.doesNotMatch(memory, /^memory=190000000/m);
    },
  },
  {
    name: 'a build that is cancelled ends soon, its step too, and leaves no image',
    needs: ['images', 'build'],
    run: async (engine, lab) => {
      const {image = ''} = lab.spec();
      const [ref, mark, abort] = [lab.imageName(), marker(), new AbortController()];
      const file = `FROM ${image}\nRUN echo "up-$((1 + 1))"; sleep ${mark}\n`;
      const wanted = {file: 'Dockerfile', ref, args: {}, labels: {}, cache: false};
      let log = '';
      let wasSeen = false;
      const seen = async () => {
        if (await findsMarks(mark)) wasSeen = true;
        abort.abort(new Error('cancelled by the case'));
      };
      const building = must(engine.features.build)(
        {...wanted, context: Readable.from([tarOf([{name: 'Dockerfile', data: file}])])},
        bytes => {
          log += Buffer.from(bytes).toString();
          if (log.includes('up-2') && !abort.signal.aborted) void seen();
        },
        AbortSignal.any([abort.signal, lab.signal]),
      );
      await assert.rejects(building, 'a build whose signal aborted must reject');
      assert.ok(abort.signal.aborted, `it ended before it was cancelled: ${log}`);
      if (wasSeen) await eventually('its step has ended', lab, async () => (await markCount(mark)) === 0);
      assert.equal(await must(engine.features.images).find(ref, lab.signal), undefined);
    },
  },
];
