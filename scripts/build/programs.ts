import {existsSync, globSync} from 'node:fs';
import {basename, dirname} from 'node:path';
import type {BuildOptions, Plugin} from 'esbuild';

/** One esbuild run: a program whose parts may share chunks. `entries` maps the name in `dist/` (without `.js`) to a source file. */
export interface Program {
  readonly name: string;
  /** Holds the third-party code it runs; native code apart. */
  readonly isWhole?: boolean;
  readonly entries: Readonly<Record<string, string>>;
  readonly options: BuildOptions;
}

/** Everything that is built, as far as its sources exist. */
export function programs(externals: readonly string[]): Program[] {
  const thirdPartyOutside: BuildOptions = {external: [...externals], plugins: [withoutUnusedClient]};
  return [
    {name: 'cli', entries: cliEntries(), options: {...thirdPartyOutside, splitting: true, chunkNames: 'cli/chunks/[name]-[hash]'}},
    {
      name: 'server',
      entries: existing({server: 'packages/core/src/server-main.ts'}),
      isWhole: true,
      options: {...wholeInOneFile, splitting: true, chunkNames: 'server/chunks/[name]-[hash]'},
    },
    {name: 'reporter', isWhole: true, entries: existing({reporter: 'packages/core/src/reporter-main.ts'}), options: wholeInOneFile},
    {name: 'agent', isWhole: true, entries: existing({agent: 'packages/agent/src/agent-main.ts'}), options: wholeInOneFile},
    {
      name: 'kit for authors of plugins',
      entries: existing({'plugin-api': 'packages/core/src/plugin-api/index.ts', conformance: 'packages/core/src/conformance/index.ts'}),
      options: thirdPartyOutside,
    },
    {name: 'page of a display', isWhole: true, entries: displayPageEntries(), options: forBrowsers},
    {name: 'plugins', entries: pluginEntries(), options: thirdPartyOutside},
    {
      name: 'session host',
      isWhole: true,
      entries: existing({'session-host': 'packages/agent/src/session-host/main.ts'}),
      options: wholeInOneFile,
    },
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

/**
 * Node fills in every name of a builtin that is imported rather than required, and behind three names of `node:http` lies a whole
 * other HTTP client: tens of milliseconds and megabytes of every program, for nothing.
 */
const withoutUnusedClient: Plugin = {
  name: 'without-unused-client',
  setup: build => {
    build.onResolve({filter: /^node:https?$/}, ({path, kind}) => (kind === 'require-call' ? undefined : {path, namespace: 'builtin'}));
    build.onLoad({filter: /.*/, namespace: 'builtin'}, ({path}) => {
      const names = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path)!)).flatMap(([name, {value}]) =>
        value === undefined ? [] : [name],
      );
      const taken = `process.getBuiltinModule(${JSON.stringify(path)})`;
      return {contents: `const whole = ${taken};\nexport default whole;\nexport const {${names.join(', ')}} = whole;\n`};
    });
  },
};

/**
 * The client for the engines can also dial through SSH and speak the protocol of another builder; nothing of ours asks it to, and
 * what that takes is three quarters of the client: a third of the time and the memory of an agent that has just started.
 */
const withoutUnusedTransports: Plugin = {
  name: 'without-unused-transports',
  setup: build => {
    const unused = {'docker-modem': './ssh', dockerode: './session|./buildkit'};
    for (const [from, modules] of Object.entries(unused))
      build.onResolve({filter: new RegExp(`^(?:${modules.replaceAll('.', '\\.')})$`)}, ({path, importer}) =>
        importer.includes(`/node_modules/${from}/`) ? {path: `${from} ${path}`, namespace: 'unused'} : undefined,
      );
    build.onLoad({filter: /.*/, namespace: 'unused'}, ({path}) => ({
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${path} is not in this program`)}); };`,
    }));
  },
};

/**
 * The session host is copied away from its packages and outlives upgrades, so it holds everything it runs. Server and agent start
 * in half the time when nothing has to be found and read in hundreds of small files.
 */
const wholeInOneFile: BuildOptions = {
  external: ['cpu-features', '*.node'],
  plugins: [nativeWhenUsed, withoutUnusedClient, withoutUnusedTransports],
  // CommonJS packages inside an ESM file ask for `require` and for where they lie.
  banner: {
    js: "import {createRequire as __createRequire} from 'node:module'; const require = __createRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;",
  },
};

/** As it is served: three files, which the browser of whoever looks at a display loads. */
const displayPageEntries = () =>
  existing({
    'display-page/page': 'packages/core/src/display-page/page.ts',
    'display-page/style': 'packages/core/src/display-page/style.css',
    'display-page/index': 'packages/core/src/display-page/index.html',
  });

const forBrowsers: BuildOptions = {
  platform: 'browser',
  target: 'es2022',
  minify: true,
  keepNames: false,
  sourcemap: false,
  loader: {'.html': 'copy'},
  banner: {js: '/* Holds noVNC (https://github.com/novnc/noVNC), MPL 2.0, and pako (https://github.com/nodeca/pako), MIT. */'},
};

const existing = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));

function cliEntries(): Record<string, string> {
  const run = existing({'cli/run': 'packages/tui/src/run.ts', 'cli/verify-main': 'packages/tui/src/verify-main.ts'});
  if (Object.keys(run).length === 0) return {};
  const sources = globSync(['packages/tui/src/commands/**/*.{ts,tsx}', 'packages/tui/src/hooks/*.ts']).toSorted();
  const outName = (file: string) => file.replace('packages/tui/src', 'cli').replace(/\.tsx?$/, '');
  return {...run, ...Object.fromEntries(sources.map(file => [outName(file), file]))};
}

function pluginEntries(): Record<string, string> {
  const sources = globSync('packages/plugins/src/{engines,displays,reporters}/*/index.ts').toSorted();
  return Object.fromEntries(sources.map(file => [`plugins/${basename(dirname(file))}`, file]));
}
