import {existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {BoxyardError} from '@boxyard/core/errors';
import type {Kinds} from '@boxyard/core/plugin-api';
import type {Program} from '../cli/context.ts';

export type PluginKind = keyof Kinds;
export const pluginKinds = ['engine', 'reporter', 'display'] as const satisfies readonly PluginKind[];

export interface Scaffold {
  readonly name: string;
  readonly kind: PluginKind;
  readonly dir: string;
  readonly files: readonly string[];
}

/** Writes a package that builds and holds as it is. `CONFLICT` where the folder has something in it; nothing is written then. */
export function scaffoldPlugin(name: string, kind: PluginKind, program: Pick<Program, 'cwd' | 'root' | 'version'>): Scaffold {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
    throw new BoxyardError('INVALID_INPUT', {field: 'name', issue: `expected small letters, digits and dashes, got ${name}`});
  const dir = resolve(program.cwd, name);
  if (existsSync(dir) && readdirSync(dir).length > 0)
    throw new BoxyardError('CONFLICT', {what: dir, issue: 'is there already and not empty', hint: 'Choose another name.'});
  const all = filesOf(name, kind, program);
  mkdirSync(join(dir, 'src'), {recursive: true});
  for (const [file, text] of Object.entries(all)) writeFileSync(join(dir, file), text);
  return {name, kind, dir, files: Object.keys(all)};
}

function filesOf(name: string, kind: PluginKind, {root, version}: Pick<Program, 'root' | 'version'>): Readonly<Record<string, string>> {
  const template = readFileSync(join(root, 'dist/templates', `${kind}.ts`), 'utf8');
  const contract = readFileSync(join(root, 'dist/plugin-api.d.ts'), 'utf8');
  return {
    'package.json': `${JSON.stringify(manifestOf(name, kind), null, 2)}\n`,
    'tsconfig.json': `${JSON.stringify(tsconfig, null, 2)}\n`,
    'src/index.ts': template.replaceAll("'boxyard/plugin-api'", "'./plugin-api.js'").replaceAll('my-plugin', name),
    'src/plugin-api.d.ts': `// The contract of Boxyard ${version}, types only. \`boxyard plugins create\` of a newer one brings a newer copy.\n${contract}`,
    'README.md': readmeOf(name, kind),
    '.gitignore': 'node_modules\ndist\n',
  };
}

const manifestOf = (name: string, kind: PluginKind): object => ({
  name,
  version: '0.1.0',
  description: `A Boxyard ${kind}`,
  type: 'module',
  exports: './dist/index.js',
  files: ['dist'],
  scripts: {build: 'tsc', verify: 'tsc && boxyard plugins verify .'},
  devDependencies: {'@types/node': '>=22', typescript: '>=5.9'},
  ...(kind === 'reporter' ? {boxyard: {verify: {config: {url: '$RECEIVER/events', origins: ['$RECEIVER']}}}} : {}),
});

const tsconfig = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    lib: ['es2024'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};

const used: Readonly<Record<PluginKind, (name: string) => string>> = {
  engine: name => `On a worker, in its config file (\`~/.config/boxyard/config.json\`):

\`\`\`json
{"engines": ["podman", {"module": "/path/to/${name}", "config": {}}]}
\`\`\``,
  reporter: name => `On the server, in its config file (\`BOXYARD_SERVER_CONFIG\`):

\`\`\`yaml
reporters:
  - module: /path/to/${name}
    config: {origins: ['https://example.com']}
\`\`\`

Then: \`boxyard webhooks add --reporter ${name} --config '{"url": "https://example.com/events"}' --name mine\``,
  display: () => 'Boxyard opens no screens yet; `boxyard plugins verify` does, so that displays can be written now.',
};

const readmeOf = (name: string, kind: PluginKind): string => `# ${name}

A Boxyard ${kind}. The contract is in \`src/plugin-api.d.ts\`; docs/plugins.md of Boxyard says the rest.

\`\`\`sh
npm install
npm run build
npm run verify
\`\`\`

${used[kind](name)}

\`boxyard plugins show .\` prints the version and the integrity by which a config file can hold on to exactly these files.
`;
