import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {EngineView} from '../lab/engine-view.ts';
import {Program} from '../lab/program.ts';
import {must, run} from '../lab/run-command.ts';
import {waitFor} from '../lab/wait-for.ts';

/**
 * A podman that keeps everything on one disk: images, boxes, and what it writes on the way to them, as it does on a machine with one
 * file system. Disposing it ends its service and its mounts.
 */
export class PodmanOnDisk implements AsyncDisposable {
  /** What makes any podman of this environment the same one. */
  readonly env: Readonly<Record<string, string>>;
  readonly #dir: string;
  readonly #service: Program;
  readonly #socket: string;

  private constructor(disk: string, dir: string, registry: string) {
    this.#dir = disk;
    this.#socket = join(dir, 'podman.sock');
    const [store, tmp, run] = [join(disk, 'store'), join(disk, 'tmp'), join(dir, 'podman-run')];
    for (const folder of [store, tmp, run]) mkdirSync(folder, {recursive: true});
    const [storage, registries] = [join(dir, 'storage.conf'), join(dir, 'registries.conf')];
    writeFileSync(storage, `[storage]\ndriver = "overlay"\ngraphroot = "${store}"\nrunroot = "${run}"\n`);
    writeFileSync(registries, `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
    this.env = {
      CONTAINERS_STORAGE_CONF: storage,
      CONTAINERS_REGISTRIES_CONF: registries,
      CONTAINER_HOST: `unix://${this.#socket}`,
      TMPDIR: tmp,
      ...(process.env['CONTAINERS_CONF'] ? {CONTAINERS_CONF: process.env['CONTAINERS_CONF']} : {}),
    };
    const {CONTAINER_HOST, ...own} = this.env;
    this.#service = new Program({
      name: 'podman',
      argv: ['podman', 'system', 'service', '--time=0', CONTAINER_HOST!],
      env: {PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, ...own},
      log: join(dir, 'podman.log'),
      cwd: dir,
    });
  }

  /** `registry` speaks plain text. */
  static async start(disk: string, dir: string, registry: string): Promise<PodmanOnDisk> {
    const podman = new PodmanOnDisk(disk, dir, registry);
    podman.#service.start();
    await waitFor(async () => (await EngineView.open('podman', podman.#socket)) !== undefined, {within: 15_000, what: 'podman answers'});
    return podman;
  }

  async view(): Promise<EngineView> {
    const view = await EngineView.open('podman', this.#socket);
    if (view === undefined) throw new Error('the podman of the test does not answer');
    return view;
  }

  /** What lies on its disk and is no image with a name and no box of a job: half-made images, containers of builds, unpacked contexts. */
  async remains(): Promise<readonly string[]> {
    const podman = (...args: readonly string[]) => must(['podman', '--url', `unix://${this.#socket}`, ...args]);
    const unnamed = await podman('images', '--all', '--filter', 'dangling=true', '--quiet');
    const boxes = await podman('ps', '--all', '--external', '--format', '{{.Names}}');
    const left = await must(['find', join(this.#dir, 'tmp'), '-mindepth', '1', '-maxdepth', '1', '-size', '+0']);
    const isRemain = (line: string) => line !== '' && !line.startsWith('j-');
    return [unnamed, boxes, left].flatMap(text => text.split('\n').filter(isRemain));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
    await run(['umount', '--recursive', '--lazy', join(this.#dir, 'store', 'overlay')]);
  }
}
