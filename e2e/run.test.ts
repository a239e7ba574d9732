import {createHash, randomBytes} from 'node:crypto';
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {boxyard} from '../faults/lab/directories.ts';
import {engines, on, Up, waitFor} from './up.ts';

/** One Boxyard for the file: the tests touch only their own jobs. */
let up: Up;
beforeAll(async () => void (up = await Up.open()));
afterAll(() => up?.[Symbol.asyncDispose]());

const here = await engines();
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe.each(here)('run on %s', engine => {
  test('shows stdout and stderr apart and ends with the command’s own code', async () => {
    const ran = await up.cli(['run', ...on(engine), '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect([ran.code, ran.stdout]).toEqual([7, 'out\n']);
    expect(ran.stderr).toContain('err\n');
  });

  test('carries binary input to binary output', async () => {
    const bytes = randomBytes(300_000);
    const ran = await up.cli(['run', '-i', ...on(engine), '--', 'cat'], {input: bytes});
    expect(ran.code, ran.stderr).toBe(0);
    expect(sha(ran.bytes)).toBe(sha(bytes));
  });

  test('takes a directory in, leaves out what is ignored, and brings a path back', async () => {
    const dir = join(up.path, `dir-${engine}`);
    mkdirSync(join(dir, 'secret'), {recursive: true});
    mkdirSync(join(dir, 'src'));
    writeFileSync(join(dir, 'src/a.txt'), 'a\n');
    writeFileSync(join(dir, 'run.sh'), 'mkdir -p dist && cat src/a.txt > dist/b.txt && ls -a > dist/list && test -x run.sh && echo done\n');
    chmodSync(join(dir, 'run.sh'), 0o755);
    writeFileSync(join(dir, 'secret/key'), 'hidden');
    writeFileSync(join(dir, '.boxyardignore'), 'secret\n');
    const ran = await up.cli(['run', '--dir', '.', '--out', 'dist', ...on(engine), '--', 'sh', 'run.sh'], {cwd: dir});
    expect([ran.code, ran.stdout], ran.stderr).toEqual([0, 'done\n']);
    expect(readFileSync(join(dir, 'dist/b.txt'), 'utf8')).toBe('a\n');
    expect(readFileSync(join(dir, 'dist/list'), 'utf8').split('\n')).not.toContain('secret');
  });

  test('goes on without its client, and can be waited for and read', async () => {
    const id = await up.detached(...on(engine), '--', 'sh', '-c', 'echo first; sleep 1; echo second; exit 5');
    const waited = await up.cli(['jobs', 'wait', id, '--exit-code']);
    expect(waited.code, waited.stderr).toBe(5);
    expect((await up.cli(['jobs', 'logs', id])).stdout).toBe('first\nsecond\n');
    const shown = await up.json<{exit: {code: number}; outcome: string; source: string}>('jobs', 'show', id);
    expect(shown).toMatchObject({exit: {code: 5}, outcome: 'failed', source: 'worker'});
  });

  test('is cancelled by Ctrl-C, which says so', async () => {
    const client = spawn(boxyard, ['run', ...on(engine), '--grace', '1', '--', 'sh', '-c', 'echo begun; sleep 300'], {
      env: up.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    client.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
    client.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const ended = new Promise<number | null>(resolve => client.once('exit', resolve));
    await waitFor(() => said.includes('begun'), {within: 20_000, what: 'the command has begun'});
    client.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(said).toMatch(/cancel/i);
    expect(await up.ok('jobs', 'show', /job (j-\w+)/.exec(said)![1]!)).toContain('Ctrl-C where it was followed');
  });
});

test('the least that can be typed runs with the default image or on the machine itself', async () => {
  const ran = await up.cli(['run', '--engine', 'process', '--', 'uname', '-a']);
  expect([ran.code, ran.stdout.split(' ')[0]]).toEqual([0, 'Linux']);
});

test('--each worker runs once on every worker and tells whose output it is', async () => {
  const [worker] = await up.api.workers();
  const ran = await up.cli(['run', '--each', 'worker', '--engine', 'process', '--', 'echo', 'hi']);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).toContain(worker!.name);
  expect(ran.stdout).toContain('hi');
});

test('copies that partly fail end with 7 and exact totals', async () => {
  const args = ['run', '--copies', '7', '--engine', 'process', '--', 'sh', '-c', 'test $BOXYARD_COPY_INDEX -ne 3'];
  const ran = await up.cli(args);
  expect(ran.code, ran.stderr).toBe(7);
  const parents = (await up.api.jobs()).filter(job => job.children !== undefined);
  expect(parents.map(job => job.children)).toContainEqual({
    total: 7,
    queued: 0,
    running: 0,
    succeeded: 6,
    failed: 1,
    cancelled: 0,
    lost: 0,
  });
});

test('a matrix times a list makes every combination, named in the output', async () => {
  writeFileSync(join(up.path, 'hosts.txt'), '# who\ndb1\n\ndb2\n');
  const script = 'echo $BOXYARD_ITEM $BOXYARD_MATRIX_OS $BOXYARD_COPY_INDEX/$BOXYARD_COPY_COUNT';
  const list = ['--each', `list=${join(up.path, 'hosts.txt')}`, '--matrix', 'os=a,b', '--parallel', '2'];
  const ran = await up.cli(['run', ...list, '--engine', 'process', '--', 'sh', '-c', script]);
  expect(ran.code, ran.stderr).toBe(0);
  const lines = ran.stdout.trim().split('\n').sort();
  expect(lines.map(line => line.replace(/\s+/g, ' '))).toEqual([
    expect.stringMatching(/^db1\/a\W+db1 a 0\/4$/),
    expect.stringMatching(/^db1\/b\W+db1 b 1\/4$/),
    expect.stringMatching(/^db2\/a\W+db2 a 2\/4$/),
    expect.stringMatching(/^db2\/b\W+db2 b 3\/4$/),
  ]);
});

test('with the first success the others are cancelled, and that is a success', async () => {
  const script = 'test $BOXYARD_COPY_INDEX -eq 0 && exit 0; sleep 60';
  const first = ['--copies', '3', '--failure-policy', 'first', '--grace', '1s'];
  const ran = await up.cli(['run', ...first, '--engine', 'process', '--', 'sh', '-c', script]);
  expect(ran.code, ran.stderr).toBe(0);
});

test('only the children that failed are run again', async () => {
  const mark = join(up.path, 'mended');
  const script = `test $BOXYARD_COPY_INDEX -ne 2 || test -e ${mark}; code=$?; echo ran $BOXYARD_COPY_INDEX; exit $code`;
  const ran = await up.cli(['run', '--copies', '4', '--detach', '--output', 'name', '--engine', 'process', '--', 'sh', '-c', script]);
  const parent = ran.stdout.trim();
  expect((await up.cli(['jobs', 'wait', parent])).code).toBe(7);
  writeFileSync(mark, '');
  const again = (await up.cli(['jobs', 'retry', parent, '--failed', '--output', 'name'])).stdout.trim();
  expect((await up.cli(['jobs', 'wait', again])).code).toBe(0);
  expect((await up.cli(['jobs', 'logs', again])).stdout).toMatch(/ran 2\n$/);
  const none = await up.cli(['jobs', 'retry', again, '--failed']);
  expect(none.stderr).toContain('has no child that failed');
});

test('what ends a job with children before it begins is said of the option', async () => {
  const refused = async (...args: string[]) => (await up.cli(['run', ...args, '--engine', 'process', '--', 'true'])).stderr;
  expect(await refused('--parallel', '2')).toContain('--parallel: needs --copies, --each or --matrix too');
  expect(await refused('--each', 'list=nowhere.txt')).toContain('--each: nowhere.txt is not there');
  expect(await refused('--each', 'sunday')).toContain('--each: expected worker, label=NAME or list=FILE, got sunday');
  expect(await refused('--matrix', 'os')).toContain('--matrix: expected NAME=A,B, got os');
  expect(await refused('--copies', '2', '--failure-policy', 'most')).toContain('--failure-policy: expected all, quorum=N');
  expect(await refused('--copies', '2', '--failure-policy', 'quorum=3')).toContain(
    '--failure-policy: a quorum of 3 cannot be met by 2 children',
  );
});

test('what is killed by its time ends with deadline and 124', async () => {
  const ran = await up.cli(['run', '--engine', 'process', '--timeout', '1s', '--grace', '1s', '--', 'sleep', '60']);
  expect(ran.code, ran.stderr).toBe(124);
});

test('a command that is not there ends with 127', async () => {
  for (const engine of here) expect((await up.cli(['run', ...on(engine), '--', 'no-such-command-here'])).code, engine).toBe(127);
});

test('a secret of a DevBox is masked in the output of what runs in it', async () => {
  const value = 'value-of-the-box-4711';
  expect((await up.cli(['secrets', 'set', 'of-the-box'], {input: value})).code).toBe(0);
  expect((await up.cli(['devboxes', 'create', 'with-secret', '--engine', 'process', '--secret', 'of-the-box=GIVEN'])).code).toBe(0);
  const ran = await up.cli(['exec', 'with-secret', '--', 'sh', '-c', 'echo "$GIVEN"; echo ${#GIVEN}']);
  expect(ran.stdout).toBe(`${'*'.repeat(value.length)}\n${value.length}\n`);
});

test('secrets of --env-file reach the command and nothing that is kept', async () => {
  const file = join(up.path, 'secrets.env');
  writeFileSync(file, 'TOKEN=hush-7f3a\n', {mode: 0o600});
  const ran = await up.cli([
    'run',
    '--engine',
    'process',
    '--env-file',
    file,
    '--',
    'sh',
    '-c',
    'test ${#TOKEN} = 9 && echo "it is $TOKEN"',
  ]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).not.toContain('hush-7f3a');
  const job = (await up.api.jobs())[0]!;
  expect(JSON.stringify(job)).not.toContain('hush-7f3a');
});

test('the same idempotency key makes one job', async () => {
  const args = ['run', '--detach', '-o', 'name', '--idempotency-key', 'once', '--engine', 'process', '--', 'true'];
  const [first, second] = await Promise.all([up.cli(args), up.cli(args)]);
  expect(first.stdout).toBe(second.stdout);
  const other = await up.cli([...args.slice(0, -1), 'false']);
  expect([other.code, other.stderr.includes('was used for another request')]).toEqual([125, true]);
});
