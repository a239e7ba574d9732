import {mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {node, projectRoot} from '../lab/directories.ts';
import {must, run} from '../lab/run-command.ts';

/**
 * What stands for the release before, as long as none has a tag: the main job alone, before terminals, background commands, ports,
 * copies, clusters and webhooks, and two thirds of the wire's changes ago.
 */
export const earlier = 'e5ed347b279b5835c98c92d5be269cdf410e8492';

/** Programs of a commit of this repository, built of its sources with the packages that are installed now. Disposing it removes them. */
export class EarlierBuild implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'boxyard-earlier-'));

  static async of(commit: string): Promise<EarlierBuild> {
    const build = new EarlierBuild();
    try {
      await must(['sh', '-c', `git -C "${projectRoot}" archive ${commit} | tar -x -C "${build.dir}"`]);
      build.#lendPackages();
      await must([node, 'scripts/build.ts'], {cwd: build.dir, within: 120_000});
      return build;
    } catch (error) {
      await build[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Why it cannot be had here, such as in a checkout without history. */
  static async whyNot(): Promise<string | undefined> {
    const found = await run(['git', '-C', projectRoot, 'cat-file', '-e', `${earlier}^{commit}`]).catch(() => undefined);
    return found?.code === 0 ? undefined : `this checkout does not have the commit ${earlier.slice(0, 7)}`;
  }

  program(name: 'server' | 'agent'): string {
    return join(this.dir, 'dist', `${name}.js`);
  }

  get boxyard(): string {
    return join(this.dir, 'bin/boxyard');
  }

  /** All but our own packages, which are those of that commit. */
  #lendPackages(): void {
    const [from, to] = [join(projectRoot, 'node_modules'), join(this.dir, 'node_modules')];
    mkdirSync(join(to, '@boxyard'), {recursive: true});
    for (const name of readdirSync(from)) if (name !== '@boxyard') symlinkSync(join(from, name), join(to, name));
    for (const name of readdirSync(join(this.dir, 'packages'))) symlinkSync(`../../packages/${name}`, join(to, '@boxyard', name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.dir, {recursive: true, force: true});
  }
}
