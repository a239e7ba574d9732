import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pack} from 'tar-stream';
import {describe, expect, test} from 'vitest';
import {ignoreRules, listFiles} from '../../src/services/listed-files.ts';
import {packDir} from '../../src/services/pack-dir.ts';
import {unpackOut} from '../../src/services/unpack-out.ts';

const newDir = () => mkdtempSync(join(tmpdir(), 'boxyard-pack-'));

function fill(dir: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), {recursive: true});
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

describe('what belongs to a directory', () => {
  test('in a work tree it is what git tracks or would track', async () => {
    const dir = fill(newDir(), {
      '.gitignore': 'node_modules/\n*.log\n',
      'a.ts': '1',
      'src/b.ts': '2',
      'node_modules/x/index.js': '3',
      'c.log': '4',
    });
    execFileSync('git', ['init', '-q', dir]);
    execFileSync('git', ['-C', dir, 'add', 'a.ts']);
    expect(await listFiles(dir)).toEqual(['.gitignore', 'a.ts', 'src/b.ts']);
  });

  test('elsewhere it is everything but what .boxyardignore names', async () => {
    const dir = fill(newDir(), {'.boxyardignore': 'out/\n*.tmp\n!keep.tmp\n', 'a.ts': '1', 'out/b': '2', 'x/c.tmp': '3', 'keep.tmp': '4'});
    expect(await listFiles(dir)).toEqual(['.boxyardignore', 'a.ts', 'keep.tmp']);
  });

  test('patterns with a slash hold from the top, others at every depth', () => {
    const isIgnored = ignoreRules('/build\ndocs/*.md\n**/cache/\n');
    expect([isIgnored('build', true), isIgnored('x/build', true)]).toEqual([true, false]);
    expect([isIgnored('docs/a.md', false), isIgnored('docs/x/a.md', false)]).toEqual([true, false]);
    expect([isIgnored('a/b/cache', true), isIgnored('a/b/cache', false)]).toEqual([true, false]);
  });
});

describe('a packed directory', () => {
  test('comes out as it went in: bytes, modes, links, empty files', async () => {
    const from = fill(newDir(), {'a.bin': '\0\u0001binary', 'sub/run.sh': '#!/bin/sh\n', empty: ''});
    chmodSync(join(from, 'sub/run.sh'), 0o755);
    symlinkSync('a.bin', join(from, 'link'));
    const to = newDir();
    const written = await unpackOut((await packDir(from)).stream, to);
    expect(written.toSorted()).toEqual(['a.bin', 'empty', 'link', 'sub/run.sh']);
    expect(readFileSync(join(to, 'a.bin'))).toEqual(readFileSync(join(from, 'a.bin')));
    expect(lstatSync(join(to, 'sub/run.sh')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(to, 'link'))).toBe('a.bin');
  });

  test('what is no directory is refused by name', async () => {
    await expect(packDir('/nowhere/at/all')).rejects.toMatchObject({code: 'INVALID_INPUT'});
  });
});

describe('an archive from a job', () => {
  interface Entry {
    readonly name: string;
    readonly type?: 'link' | 'symlink' | 'character-device';
    readonly linkname?: string;
    readonly mode?: number;
    readonly content?: string;
  }
  const archive = (entries: readonly Entry[]) => {
    const tar = pack();
    for (const {content, ...header} of entries) tar.entry(header, content ?? '');
    tar.finalize();
    return tar;
  };

  test.each([
    ['a path that climbs out', [{name: '../evil', content: 'x'}]],
    ['a path from the root', [{name: '/tmp/evil-from-boxyard-test', content: 'x'}]],
    ['a link that points out', [{name: 'l', type: 'symlink', linkname: '../..'}]],
    [
      'a link that goes up behind another link',
      [
        {name: 'n', type: 'symlink', linkname: '.'},
        {name: 'o', type: 'symlink', linkname: 'n/..'},
      ],
    ],
    ['a link to an absolute path', [{name: 'l', type: 'symlink', linkname: '/etc'}]],
    ['a hard link', [{name: 'h', type: 'link', linkname: '/etc/passwd'}]],
    ['a device', [{name: 'd', type: 'character-device'}]],
    [
      'a write through a link',
      [
        {name: 'sub', type: 'symlink', linkname: 'other'},
        {name: 'sub/evil', content: 'x'},
      ],
    ],
  ] as readonly (readonly [string, readonly Entry[]])[])('%s is refused', async (_what, entries) => {
    const to = newDir();
    await expect(unpackOut(archive(entries) as unknown as AsyncIterable<Uint8Array>, to)).rejects.toMatchObject({code: 'ARCHIVE_REFUSED'});
    expect(existsSync(join(to, '../evil'))).toBe(false);
    expect(existsSync('/tmp/evil-from-boxyard-test')).toBe(false);
  });

  test('a set-user-id bit does not come out', async () => {
    const to = newDir();
    await unpackOut(archive([{name: 'su', mode: 0o4755, content: 'x'}]) as unknown as AsyncIterable<Uint8Array>, to);
    expect(lstatSync(join(to, 'su')).mode & 0o7000).toBe(0);
  });
});
