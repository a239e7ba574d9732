import {mkdirSync, writeFileSync} from 'node:fs';
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {smallRegistry, type SmallRegistry} from '../../packages/plugins/test/engines/small-registry.ts';
import {mustHold} from '../checker/check.ts';
import {boxyard, machineEnv} from '../lab/directories.ts';
import {Lab} from '../lab/lab.ts';
import {run, type Ran} from '../lab/run-command.ts';
import {waitFor} from '../lab/wait-for.ts';
import {during} from '../primitives/fault.ts';
import {PodmanOnDisk} from '../primitives/podman-on-disk.ts';
import {SmallDisk} from '../primitives/small-disk.ts';
import {expectEqual, expectThat} from './expectations.ts';
import type {Scenario, Told} from './scenario.ts';

const mebibyte = 1024 ** 2;

interface Place {
  readonly lab: Lab;
  readonly disk: SmallDisk;
  readonly podman: PodmanOnDisk;
  readonly registry: SmallRegistry;
  readonly base: string;
  boxyard(...args: readonly string[]): Promise<Ran>;
}

/** A worker whose podman has a disk of its own; a job in a container and one without run through all that happens to it. */
async function withImages(work: (place: Place) => Promise<void>): Promise<Told> {
  const registry = await smallRegistry({bytes: 24 * mebibyte, pieceMs: 40});
  try {
    await using lab = await Lab.open({workers: []});
    await using disk = await SmallDisk.mount(lab.makeDir('disk'), {megabytes: 160});
    await using podman = await PodmanOnDisk.start(join(lab.root, 'disk'), lab.root, registry.address);
    const view = lab.own(await podman.view());
    lab.engines.set('podman', view);
    await view.watch();
    const base = await view.ledgerImage();
    const worker = await lab.addWorker({name: 'small', engines: ['process', 'podman'], env: podman.env});
    const person = machineEnv(lab.makeDir('person'), {BOXYARD_SERVER: lab.server.url, BOXYARD_TOKEN: lab.api.token ?? ''});
    await lab.submit({key: 'beside', lines: 100, rate: 10, exit: 3}, {engine: 'podman'});
    await lab.submit({key: 'without', lines: 100, rate: 10, exit: 4});
    for (const {id} of lab.accepted) await lab.running(id);
    try {
      await work({lab, disk, podman, registry, base, boxyard: (...args) => run([boxyard, ...args], {env: person, within: 120_000})});
      await mustHold(lab, {within: 60_000});
      expectEqual(await podman.remains(), [], 'what is left on the disk');
    } finally {
      await worker.program.killGroup();
    }
    return {jobs: lab.accepted.length};
  } finally {
    await registry.close();
  }
}

const fullAndWhatToFree = (ran: Ran): void => {
  expectEqual(ran.code, 1, `exit: ${ran.stderr}`);
  expectThat(/^No space left on this worker \(.*MiB free under/m.test(ran.stderr), `it is not said that the disk is full: ${ran.stderr}`);
  expectThat(ran.stderr.includes('boxyard images remove'), `it is not said what to free: ${ran.stderr}`);
  expectThat(ran.stderr.length < 3_000, `too much is said: ${ran.stderr}`);
};

/** The disk fills up under a pull: of a job, and asked for by itself. */
const pulling = () =>
  withImages(async ({lab, disk, registry, podman, boxyard: type}) => {
    const pull = async () => {
      const job = await lab.api.must<{id: string}>('POST', '/v1/images/pull', {body: {ref: registry.image, engine: 'podman'}});
      await waitFor(async () => (await lab.api.logs(job.id, 'log')).includes('pulling'), {within: 20_000, what: 'the pull has begun'});
      return job.id;
    };
    const id = await pull();
    await during(disk.full(), async () => {
      fullAndWhatToFree(await type('jobs', 'wait', id));
      const ran = await type('run', '--engine', 'podman', '--image', registry.image, '--', '/random');
      fullAndWhatToFree({...ran, code: ran.code === 125 ? 1 : ran.code});
    });
    expectEqual(await podman.remains(), [], 'what two pulls left that found no room');
    expectEqual((await type('images', 'check', registry.image)).code, 5, 'whether the image is there');
    const again = await type('images', 'pull', registry.image, '--engine', 'podman');
    expectEqual(again.code, 0, `a pull with room: ${again.stderr}`);
  });

const builds = {
  'a step fills it': (base: string) => `FROM ${base}\nRUN echo filling && dd if=/dev/zero of=/big bs=1M count=400\n`,
  'a file does not fit': (base: string) => `FROM ${base}\nCOPY big /big\n`,
} as const;

const building = (kind: keyof typeof builds, keep: number) => () =>
  withImages(async ({lab, disk, base, podman, boxyard: type}) => {
    const dir = join(lab.root, 'context');
    mkdirSync(dir);
    writeFileSync(join(dir, 'Containerfile'), builds[kind](base));
    if (kind !== 'a step fills it') writeFileSync(join(dir, 'big'), randomBytes(24 * mebibyte));
    const build = () => type('images', 'build', dir, '--tag', 'localhost/made:1', '--engine', 'podman', '--no-cache');
    await during(disk.full(keep), async () => {
      const ran = await build();
      if (kind === 'a step fills it') {
        expectEqual(ran.code, 1, `exit: ${ran.stderr}`);
        expectThat(/The build failed: .*exit status 1/.test(ran.stderr), `it is not said which step failed: ${ran.stderr}`);
        expectThat(/found no space left.*boxyard images remove/s.test(ran.stderr), `it is not said what to free: ${ran.stderr}`);
      } else fullAndWhatToFree(ran);
    });
    expectEqual(await podman.remains(), [], 'what a build left that found no room');
    expectEqual((await type('images', 'check', 'localhost/made:1')).code, 5, 'whether the image is there');
    writeFileSync(join(dir, 'Containerfile'), builds[kind](base).replace('count=400', 'count=4'));
    const again = await build();
    expectEqual(again.code, 0, `a build with room: ${again.stderr}`);
  });

const common = {invariants: 'I1–I3 I5 I6 I8', whyNot: SmallDisk.whyNot};
export const b11Images: readonly Scenario[] = [
  {...common, name: 'B11 podman’s disk fills up during a pull', fault: 'F13 not a byte left, mid-pull', run: pulling},
  {
    ...common,
    name: 'B11 podman’s disk fills up during a step of a build',
    fault: 'F13 16 MiB left, and a step that takes more',
    run: building('a step fills it', 16 * mebibyte),
  },
  {
    ...common,
    name: 'B11 a build’s files find no room in podman',
    fault: 'F13 36 MiB left for a file of 24 MiB, twice',
    run: building('a file does not fit', 36 * mebibyte),
  },
  {
    ...common,
    name: 'B11 a build’s context finds no room in podman',
    isShort: true,
    fault: 'F13 8 MiB left for a context of 24 MiB',
    run: building('a file does not fit', 8 * mebibyte),
  },
];
