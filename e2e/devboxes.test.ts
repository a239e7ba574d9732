import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {baseImage, engines, run, Up} from './up.ts';
import {EngineView} from '../faults/lab/engine-view.ts';

let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const containers = (await engines()).filter(engine => engine !== 'process');
const ok = async (...args: readonly string[]) => {
  const ran = await up.cli(args);
  expect(ran.code, `boxyard ${args.join(' ')}: ${ran.stderr}`).toBe(0);
  return ran.stdout;
};

describe.each(containers)('DevBoxes on %s', engine => {
  const create = (name: string, ...more: readonly string[]) =>
    ok('devboxes', 'create', name, '--engine', engine, '--image', baseImage, '--memory', '64m', ...more);

  test('live from create to restore and remove', async () => {
    const name = `life-${engine}`;
    await create(name, '--setup', 'echo ready > /workspace/state');
    expect(await up.json<{state: string; engine: string}>('devboxes', 'show', name)).toMatchObject({state: 'running', engine});
    expect(await ok('exec', name, '--', 'cat', '/workspace/state')).toBe('ready\n');
    await ok('devboxes', 'stop', name);
    expect((await up.json<{state: string}>('devboxes', 'show', name)).state).toBe('stopped');
    await ok('devboxes', 'start', name);
    expect(await ok('exec', name, '--', 'cat', '/workspace/state')).toBe('ready\n');

    await ok('devboxes', 'remove', name);
    expect((await up.json<{removesAt?: string}>('devboxes', 'show', name)).removesAt).toBeDefined();
    await ok('devboxes', 'restore', name);
    await ok('devboxes', 'start', name);
    expect(await ok('exec', name, '--', 'cat', '/workspace/state')).toBe('ready\n');

    await ok('devboxes', 'remove', name, '--now');
    const gone = await up.cli(['devboxes', 'show', name]);
    expect([gone.code, gone.stderr.includes(name)]).toEqual([5, true]);
    await using view = (await EngineView.open(engine))!;
    expect((await view.list({'io.boxyard.name': name})).map(box => box.name)).toEqual([]);
  });

  test('run commands with their own exit codes, input and user', async () => {
    const name = `exec-${engine}`;
    await create(name);
    const failing = await up.cli(['exec', name, '--', 'sh', '-c', 'echo out; echo err >&2; exit 9']);
    expect([failing.code, failing.stdout, failing.stderr.includes('err\n')]).toEqual([9, 'out\n', true]);
    const fed = await up.cli(['exec', '-i', name, '--', 'sort'], {input: 'b\na\n'});
    expect([fed.code, fed.stdout], fed.stderr).toEqual([0, 'a\nb\n']);
    expect(await ok('exec', '-e', 'A=1', '--cwd', '/tmp', name, '--', 'sh', '-c', 'echo $A $PWD')).toBe('1 /tmp\n');
    expect((await up.cli(['exec', name, '--', 'no-such-command'])).code).toBe(127);
    const named = (await up.cli(['exec', '--detach', '--name', 'dev', '-o', 'name', name, '--', 'sleep', '300'])).stdout.trim();
    expect(await up.json<{id: string}>('jobs', 'show', `${name}/dev`)).toMatchObject({id: named});
    await ok('jobs', 'cancel', `${name}/dev`);
    expect((await up.ended(named)).outcome).toBe('cancelled');
    await ok('devboxes', 'remove', name, '--now');
  });

  test('become images by snapshot, which start as they were left', async () => {
    const name = `snap-${engine}`;
    await create(name);
    await ok('exec', name, '--', 'sh', '-c', 'echo kept > /workspace/kept');
    const {image} = await up.json<{image: {ref: string}}>('devboxes', 'snapshot', name, `again-${engine}`);
    try {
      const ran = await up.cli(['run', '--engine', engine, '--image', image.ref, '--', 'cat', '/workspace/kept']);
      expect([ran.code, ran.stdout], ran.stderr).toEqual([0, 'kept\n']);
    } finally {
      await ok('devboxes', 'remove', name, '--now');
      await run([engine, 'rmi', '-f', image.ref]);
    }
  });

  test('keep their names to themselves', async () => {
    const name = `twice-${engine}`;
    await create(name);
    const again = await up.cli(['devboxes', 'create', name, '--image', baseImage]);
    expect([again.code, again.stderr.includes(`The name ${name} is taken.`)]).toEqual([6, true]);
    await ok('devboxes', 'remove', name, '--now');
  });

  test('survive the death of everything but themselves', async () => {
    const name = `survive-${engine}`;
    await create(name);
    const id = (
      await up.cli([
        'exec',
        '--detach',
        '-o',
        'name',
        name,
        '--',
        'sh',
        '-c',
        'i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; exit 3',
      ])
    ).stdout.trim();
    await up.killGroup();
    await up.start();
    expect(await up.ended(id)).toMatchObject({exit: {code: 3}});
    const lines = (await up.api.logs(id)).toString().trim().split('\n');
    expect(lines).toEqual(Array.from({length: 40}, (_, i) => `line ${i}`));
    expect(await ok('exec', name, '--', 'echo', 'here')).toBe('here\n');
    await ok('devboxes', 'remove', name, '--now');
  });
});

test('an exec in a DevBox that is not there names the nearest one', async () => {
  const ran = await up.cli(['exec', 'nothing-of-the-kind', '--', 'true']);
  expect([ran.code, ran.stderr.includes('nothing-of-the-kind')]).toEqual([125, true]);
});
