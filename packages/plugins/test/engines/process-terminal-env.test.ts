import {chmod, mkdir, mkdtemp, readdir, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {expect, it} from 'vitest';
import type {BoxSpec} from '@boxyard/core/plugin-api';
import {createHost} from '@boxyard/core/plugin-host';
import plugin from '../../src/engines/process/index.ts';

const signal = AbortSignal.timeout(25_000);
const spec: BoxSpec = {
  name: 'own-terminal',
  labels: {},
  main: 'hold',
  env: {},
  stdin: false,
  limits: {},
  mounts: [],
  ports: [],
  readOnlyRoot: false,
};
const dir = await mkdtemp(path.join(tmpdir(), 'boxyard-process-'));
await chmod(dir, 0o711);
const engine = await plugin.create(
  {enabled: true, user: 'boxyard-job', root: path.join(dir, 'work')},
  createHost('process', path.join(dir, 'state'), () => undefined),
);
const isUsable = process.getuid?.() === 0 && (await engine.probe(signal)).usable;
if (!isUsable) process.stderr.write('variables of a terminal as another user skipped: not root here, or no user boxyard-job\n');

it.skipIf(!isUsable)('a terminal’s variables reach its program, and no program that is still root', async () => {
  const traces = path.join(dir, 'traces');
  await mkdir(traces);
  await chmod(traces, 0o1777);
  const box = await engine.create(spec, signal);
  try {
    await box.start(undefined, signal);
    // With these the system's loader leaves a file for each program it starts, of the user the program has then.
    const env = {
      LD_DEBUG: 'files',
      LD_DEBUG_OUTPUT: path.join(traces, 'of'),
      OWN: "it's $HOME; `x`\nand more",
      PATH: '/usr/bin:/bin:/mine',
    };
    const command = {
      argv: ['sh', '-c', 'printf "%s|" "$OWN" "$PATH" "$BOXYARD_BOX" "$(env | grep -c GIVEN)" "$(id -u)" "$#"', 'sh', 'a'],
      env,
    };
    const terminal = await engine.features.terminal!(box, command, {columns: 200, rows: 24}, signal);
    let said = '';
    for await (const {bytes} of terminal.output) said += Buffer.from(bytes).toString();
    const [own, searched, name, leftOver, user, count] = said.split('|');
    expect([own, searched, name, leftOver, count]).toEqual([env.OWN.replace('\n', '\r\n'), env.PATH, 'own-terminal', '0', '1']);
    const owners = await Promise.all((await readdir(traces)).map(async file => (await stat(path.join(traces, file))).uid));
    expect(owners.length).toBeGreaterThan(0);
    expect(new Set(owners)).toEqual(new Set([Number(user)]));
  } finally {
    await box.remove(signal);
    await rm(dir, {recursive: true, force: true});
  }
});
