import assert from 'node:assert/strict';
import {Readable} from 'node:stream';
import {buffer} from 'node:stream/consumers';
import type {Case} from '../../plugin-api/index.ts';
import {execToEnd, must, rejectsWith, sh, startHeld} from './steps.ts';
import {readTar, tarOf, type TarItem} from './tiny-tar.ts';

const good: readonly TarItem[] = [
  {name: 'folder/', type: '5', mode: 0o755},
  {name: 'folder/run.sh', data: '#!/bin/sh\necho ran\n', mode: 0o755},
  {name: 'text', data: 'plain\n'},
  {name: 'link', type: '2', link: 'folder/run.sh'},
];

/** Every way out of a folder that an archive has been known to try. */
export const hostileArchives: readonly {readonly name: string; readonly items: readonly TarItem[]}[] = [
  {name: 'a path that goes up', items: [{name: '../out', data: 'x'}]},
  {name: 'a path that goes up from below', items: [{name: 'a/../../out', data: 'x'}]},
  {name: 'an absolute path', items: [{name: '/etc/out', data: 'x'}]},
  {name: 'a link to an absolute path', items: [{name: 'l', type: '2', link: '/etc'}]},
  {name: 'a link that goes up', items: [{name: 'l', type: '2', link: '../..'}]},
  {name: 'a link that goes up behind a folder', items: [{name: 'l', type: '2', link: 'a/../../..'}]},
  {
    name: 'a file behind a link',
    items: [
      {name: 'l', type: '2', link: '.'},
      {name: 'l/x', data: 'x'},
    ],
  },
  {
    name: 'a link behind a link that shortens its way up',
    items: [
      {name: 'p', type: '2', link: '.'},
      {name: 'p/l', type: '2', link: '../x'},
    ],
  },
  {name: 'a hard link to a path outside', items: [{name: 'l', type: '1', link: '../../etc/passwd'}]},
  {name: 'a hard link to what the archive has not', items: [{name: 'l', type: '1', link: 'etc/passwd'}]},
  {
    name: 'a name that is a link first and a file later',
    items: [
      {name: 'n', type: '2', link: 'm'},
      {name: 'n', data: 'x'},
    ],
  },
  {
    name: 'a name that is a folder first and a link later',
    items: [
      {name: 'n', type: '5'},
      {name: 'n', type: '2', link: 'm'},
    ],
  },
  {name: 'a character device', items: [{name: 'd', type: '3'}]},
  {name: 'a block device', items: [{name: 'd', type: '4'}]},
  {name: 'a pipe', items: [{name: 'f', type: '6'}]},
  {name: 'a file that runs as its owner', items: [{name: 's', data: 'x', mode: 0o4755}]},
  {name: 'a file that runs as its group', items: [{name: 's', data: 'x', mode: 0o2755}]},
];

const streamOf = (items: readonly TarItem[]): Readable => Readable.from([tarOf(items)]);

export const contentCases: readonly Case[] = [
  {
    name: 'files put into a box that never ran are there when it runs, in a folder that is made for them',
    needs: ['files', 'exec'],
    run: async (engine, lab) => {
      const files = must(engine.features.files);
      const box = await engine.create(lab.spec({main: 'hold', cwd: '/workspace'}), lab.signal);
      await files.put(box, '/workspace/made/here', streamOf(good), lab.signal);
      await box.start(undefined, lab.signal);
      const {stdout} = await execToEnd(engine, lab, box, {
        argv: sh('cd made/here && ./link && cat text && touch new && ls'),
        cwd: '/workspace',
      });
      assert.equal(stdout.toString(), 'ran\nplain\nfolder\nlink\nnew\ntext\n');
    },
  },
  {
    name: 'files are put into and got from a running box, and got from one that has ended',
    needs: ['files', 'exec'],
    run: async (engine, lab) => {
      const files = must(engine.features.files);
      const box = await startHeld(engine, lab, {cwd: '/workspace'});
      await files.put(box, '/workspace/in', streamOf(good), lab.signal);
      const running = readTar(await buffer(await files.get(box, '/workspace/in', lab.signal)));
      assert.equal(running.get('in/text'), 'plain\n');
      await box.stop(0, lab.signal);
      const ended = readTar(await buffer(await files.get(box, '/workspace/in/text', lab.signal)));
      assert.deepEqual([...ended], [['text', 'plain\n']]);
      await rejectsWith(files.get(box, '/workspace/none', lab.signal), 'not-found');
    },
  },
  ...hostileArchives.map(({name, items}): Case => ({
    name: `an archive with ${name} is refused`,
    needs: ['files'],
    run: async (engine, lab) => {
      const box = await engine.create(lab.spec({main: 'hold', cwd: '/workspace'}), lab.signal);
      await rejectsWith(must(engine.features.files).put(box, '/workspace', streamOf(items), lab.signal), 'invalid');
    },
  })),
  {
    name: 'a hostile archive is refused by a running box too, and one that is cut short or no archive',
    needs: ['files'],
    run: async (engine, lab) => {
      const files = must(engine.features.files);
      const box = await startHeld(engine, lab, {cwd: '/workspace'});
      await rejectsWith(
        files.put(
          box,
          '/workspace',
          streamOf([
            {name: 'ok', data: 'x'},
            {name: '../out', data: 'x'},
          ]),
          lab.signal,
        ),
        'invalid',
      );
      await rejectsWith(files.put(box, '/workspace', Readable.from([tarOf(good).subarray(0, 700)]), lab.signal), 'invalid');
      await rejectsWith(files.put(box, '/workspace', Readable.from([Buffer.alloc(2_048, 'no archive')]), lab.signal), 'invalid');
    },
  },
];
