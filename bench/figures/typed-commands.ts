import {image, rawEngine, type EngineName, type RawEngine} from '../baselines/engine-socket.ts';
import {missingSsh, startSsh, type SshLoopback} from '../baselines/ssh-loopback.ts';
import {timeProgram} from '../child.ts';
import type {Figure, Row} from '../figure.ts';
import type {Lab} from '../lab.ts';
import {interleave} from '../measure.ts';
import {startUp, unusableEngine, type Boxyard} from '../product/boxyard.ts';
import {createDevBox} from '../product/devbox.ts';

export const typedCommands: Figure = {
  id: 'P14',
  title: 'exec and run as typed, beside ssh to the other machine',
  async measure(lab) {
    const withoutSsh = missingSsh();
    if (withoutSsh) return [skippedRow('', withoutSsh)];
    const ssh = await startSsh(lab);
    const boxyard = await startUp(lab);
    const rows: Row[] = [];
    for (const name of ['docker', 'podman'] as const) {
      const engine = await rawEngine(lab, name);
      const missing = 'missing' in engine ? engine.missing : await unusableEngine(boxyard.client, name);
      if ('missing' in engine || missing) rows.push(skippedRow(name, missing ?? ''));
      else rows.push(...(await onEngine(lab, {ssh, boxyard, engine}).catch((error: Error) => [skippedRow(name, error.message)])));
    }
    return rows;
  },
};

/** One engine that cannot be measured says nothing of the other. */
const skippedRow = (of: string, why: string): Row => ({figure: 'P14', case: of, unit: 'ms', skipped: why});

interface Sides {
  readonly ssh: SshLoopback;
  readonly boxyard: Boxyard;
  readonly engine: RawEngine;
}

async function onEngine(lab: Lab, {ssh, boxyard, engine}: Sides): Promise<Row[]> {
  const {name} = engine;
  const devbox = await createDevBox(lab, boxyard.client, {engine: name, image});
  const {id: container} = await engine.hold();
  const program = (argv: [string, ...string[]]) => () => timeProgram({argv, env: ssh.env});
  // Podman has no such transport in its own client without a system service on the other side; its user types it behind ssh.
  const remoteExec =
    name === 'docker'
      ? program(['docker', '-H', ssh.url, 'exec', container, 'echo', 'hi'])
      : program(ssh.argv(`podman exec ${container} echo hi`));
  const exec = await interleave({product: () => boxyard.type('exec', devbox, '--', 'echo', 'hi'), baseline: remoteExec}, {runs: lab.runs});
  const run = await interleave(
    {
      product: () => boxyard.type('run', '--engine', name, '--image', image, '--', 'echo', 'hi'),
      baseline: program(ssh.argv(`${name} run --rm ${image} echo hi`)),
    },
    {runs: lab.runs},
  );
  return [
    {
      figure: 'P14',
      case: `exec ${name}`,
      unit: 'ms',
      ...exec,
      ...(name === 'docker' ? {budget: {of: 'ratio', most: 0.5}} : {note: 'beside `ssh … podman exec`, which has no budget'}),
    },
    {figure: 'P14', case: `run ${name}`, unit: 'ms', ...run, budget: {of: 'ratio', most: runBudget[name]}},
  ];
}

const runBudget: Readonly<Record<EngineName, number>> = {docker: 0.8, podman: 0.6};
