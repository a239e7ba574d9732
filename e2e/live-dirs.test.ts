import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {files, paths} from '@boxyard/core/config';
import {Up, baseImage, engines, on} from './up.ts';

/** Two installations on one machine and its engines: a tenant each, and what they make has the same names. */
let ups: readonly Up[] = [];
beforeAll(async () => void (ups = await Promise.all([Up.open(), Up.open()])));
afterAll(() => Promise.all(ups.map(up => up[Symbol.asyncDispose]())));

const here = (await engines()).filter(engine => engine !== 'process');
const apply = async (up: Up, name: string, script: string, more: string) => {
  const role = `  - name: builder\n    sameWorker: true\n    command: [sh, -c, ${JSON.stringify(script)}]\n    image: ${baseImage}\n${more}`;
  writeFileSync(join(up.path, `${name}.yaml`), `name: ${name}\nfolders: [plans]\nroles:\n${role}`);
  await up.ok('clusters', 'apply', '-f', `${name}.yaml`);
};
/** The first waits for what the second writes, and the second for the answer; where they do not see each other both give up. */
const seeing =
  'cd $BOXYARD_LIVE_DIR; await() { n=0; until [ -e $1 ]; do n=$((n+1)); [ $n -lt 300 ] || exit 9; sleep 0.1; done; }; ' +
  'if [ $BOXYARD_COPY_INDEX = 0 ]; then await said; cat said; echo > seen; else echo $BOXYARD_LIVE_DIR > said; await seen; fi';

describe.runIf(here.length > 0).each(here)('a directory that the jobs of a role share on %s', engine => {
  const more = (...fields: readonly string[]) => [`engine: ${engine}`, ...fields].map(field => `    ${field}\n`).join('');

  test.each([['standard'], ['offline']])('is live for all that run at one time, whoever they run as, under %s', async profile => {
    const [up] = ups as [Up];
    const name = `sees-${engine}-${profile}`;
    await apply(up, name, seeing, more('copies: 2', `profile: ${profile}`, "user: '1000'"));
    const ran = await up.cli(['clusters', 'run', name, 'builder', '--wait']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toContain('/workspace/live');
    // It stays on the worker, and nothing of it is in the cluster's folders.
    expect(await up.ok('folders', 'list', name, '-q')).not.toMatch(/said|seen|live/);
  });

  test('is not the one of another tenant, nor of another role, nor to be had without a role', async () => {
    const [one, two] = ups as [Up, Up];
    const script = 'ls -A $BOXYARD_LIVE_DIR; echo x > $BOXYARD_LIVE_DIR/left';
    const names = [`own-${engine}`, `other-${engine}`] as const;
    const run = async (up: Up, name: string) => {
      const ran = await up.cli(['clusters', 'run', name, 'builder', '--wait']);
      expect(ran.code, ran.stderr).toBe(0);
      return ran.stdout;
    };
    for (const up of ups) await apply(up, names[0], script, more());
    await apply(one, names[1], script, more());
    expect(await run(one, names[0])).toBe('');
    expect(await run(one, names[0])).toBe('left\n');
    expect(await run(one, names[1])).toBe('');
    expect(await run(two, names[0])).toBe('');
    const plain = ['sh', '-c', 'echo ${BOXYARD_LIVE_DIR-none}; ls -A /workspace'];
    expect(await one.ok('run', ...on(engine), '--', ...plain)).toBe('none\n');
    const asked = await one.api.call('POST', '/v1/jobs', {body: {command: ['true'], live: {key: 'a'.repeat(64)}}});
    expect(asked.status).toBe(400);
    expect(asked.bytes.toString()).toContain('live');
    const kept = readdirSync(join(files(paths(two.env)).agentData, 'live')).filter(name => name.endsWith(`.${engine}`));
    expect(kept.length).toBe(1);
  });
});
