import {mkdirSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {JobView} from '@boxyard/core/api';
import {baseImage, engines, run, Up} from './up.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const containers = (await engines()).filter(engine => engine !== 'process');

function write(engine: string): {readonly app: string; readonly file: string} {
  const app = join(up.path, `app-${engine}`);
  mkdirSync(app, {recursive: true});
  writeFileSync(
    join(app, 'Containerfile'),
    `FROM ${baseImage}\nARG WHO\nCOPY text /text\nRUN echo "$WHO" >> /text\nCMD ["cat", "/text"]\n`,
  );
  writeFileSync(join(app, 'text'), `made on ${engine} `);
  const file = join(up.path, `team-${engine}.yaml`);
  const role = `{name: tester, engine: ${engine}, build: {context: ./app-${engine}, args: {WHO: 7}}, copies: 3, gather: concat}`;
  writeFileSync(file, `name: built-${engine}\nroles:\n  - ${role}\n`);
  return {app, file};
}

describe.each(containers)('a role that is built on %s', engine => {
  test('runs what its directory makes, built once for all its copies; unchanged it is neither sent nor built again', async () => {
    const {app, file} = write(engine);
    await up.ok('clusters', 'apply', '-f', file);
    const first = await up.cli(['clusters', 'run', `built-${engine}`, 'tester', '--wait'], {within: 120_000});
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr.split('building the image').length).toBe(2);
    const jobs = (await up.json<{items: JobView[]}>('jobs', 'list')).items;
    const parent = jobs.find(job => job.name === 'tester' && job.children !== undefined)!;
    expect(await up.ok('jobs', 'result', parent.id)).toBe(`made on ${engine} 7\n`.repeat(3));
    const image = jobs.find(job => job.parent === parent.id)!.image!.ref;
    try {
      utimesSync(join(app, 'text'), new Date(0), new Date(0));
      const again = await up.cli(['clusters', 'apply', '-f', file]);
      expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('is as the file says')]);
      const second = await up.cli(['clusters', 'run', `built-${engine}`, 'tester', '--wait'], {within: 60_000});
      expect([second.code, second.stderr.includes('building')], second.stderr).toEqual([0, false]);
      writeFileSync(join(app, 'text'), 'other ');
      const change = await up.cli(['clusters', 'apply', '-f', file, '--dry-run']);
      expect(change.stdout).toMatch(/^~ roles\.tester\.build: .*sha256:\w+.* -> .*sha256:\w+/);
    } finally {
      await run([engine, 'rmi', '-f', image]);
    }
  });

  test('fails where the build does, and says so', async () => {
    const {app} = write(engine);
    writeFileSync(join(app, 'Containerfile'), `FROM ${baseImage}\nRUN echo broken; exit 3\n`);
    const ran = await up.cli(['run', '--engine', engine, '--build', app, '--', 'true'], {within: 60_000});
    expect([ran.code === 0, ran.stderr.includes('broken')], ran.stderr).toEqual([false, true]);
  });
});
