import {existsSync, globSync} from 'node:fs';
import {basename, dirname} from 'node:path';
import type {BuildOptions, Plugin} from 'esbuild';

/** One esbuild run: a program whose parts may share chunks. `entries` maps the name in `dist/` (without `.js`) to a source file. */
export interface Program {
  readonly name: string;
  readonly entries: Readonly<Record<string, string>>;
  readonly options: BuildOptions;
}

/** Everything that is built, as far as its sources exist. */
export function programs(externals: readonly string[]): Program[] {
  const thirdPartyOutside: BuildOptions = {external: [...externals]};
  return [
    {name: 'cli', entries: cliEntries(), options: {...thirdPartyOutside, splitting: true, chunkNames: 'cli/chunks/[name]-[hash]'}},
    {name: 'server', entries: existing({server: 'packages/core/src/server-main.ts'}), options: thirdPartyOutside},
    {name: 'agent', entries: existing({agent: 'packages/agent/src/agent-main.ts'}), options: thirdPartyOutside},
    {name: 'plugins', entries: pluginEntries(), options: thirdPartyOutside},
    {name: 'session host', entries: existing({'session-host': 'packages/agent/src/session-host/main.ts'}), options: wholeInOneFile},
  ];
}

/**
 * Native code cannot be in a bundle, and a copied session host has no packages beside it: it is looked for when it is first used,
 * from BOXYARD_PACKAGES (a file of the installation) or from where the bundle lies.
 */
const nativeWhenUsed: Plugin = {
  name: 'native-when-used',
  setup: build => {
    build.onResolve({filter: /^@lydell\/node-pty$/}, ({path}) => ({path, namespace: 'native'}));
    build.onLoad({filter: /.*/, namespace: 'native'}, ({path}) => ({
      contents: `
        import {createRequire} from 'node:module';
        let loaded;
        const load = () => (loaded ??= createRequire(process.env.BOXYARD_PACKAGES ?? import.meta.url)(${JSON.stringify(path)}));
        export const spawn = (...args) => load().spawn(...args);
      `,
    }));
  },
};

/** The session host is copied away from its packages and outlives upgrades, so it holds everything it runs. */
const wholeInOneFile: BuildOptions = {
  external: ['cpu-features', '*.node'],
  plugins: [nativeWhenUsed],
  // CommonJS packages inside an ESM file ask for `require` and for where they lie.
  banner: {
    js: "import {createRequire as __createRequire} from 'node:module'; const require = __createRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;",
  },
};

const existing = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));

function cliEntries(): Record<string, string> {
  const run = existing({'cli/run': 'packages/tui/src/run.ts'});
  if (Object.keys(run).length === 0) return {};
  const sources = globSync(['packages/tui/src/commands/**/*.{ts,tsx}', 'packages/tui/src/hooks/*.ts']).toSorted();
  const outName = (file: string) => file.replace('packages/tui/src', 'cli').replace(/\.tsx?$/, '');
  return {...run, ...Object.fromEntries(sources.map(file => [outName(file), file]))};
}

function pluginEntries(): Record<string, string> {
  const sources = globSync('packages/plugins/src/{engines,displays,reporters}/*/index.ts').toSorted();
  return Object.fromEntries(sources.map(file => [`plugins/${basename(dirname(file))}`, file]));
}
