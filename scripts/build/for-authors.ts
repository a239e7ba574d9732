import {globSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {basename} from 'node:path';

/** What plugin authors compile against: files that hold nothing but types are their own declarations. */
const pages: Readonly<Record<string, () => string>> = {
  'dist/plugin-api.d.ts': () => readFileSync('packages/core/src/plugin-api/index.ts', 'utf8'),
  'dist/conformance.d.ts': () =>
    `${readFileSync('packages/core/src/conformance/contract.ts', 'utf8').replace("'../plugin-api/index.ts'", "'./plugin-api.js'")}
export declare const verifyPlugin: VerifyPlugin;
export declare const engineCases: readonly EngineCase[];
export declare const reporterCases: readonly ReporterCase[];
export declare const displayCases: readonly DisplayCase[];
`,
};

/** What `boxyard plugins create` copies. */
const templates = (): Readonly<Record<string, () => string>> =>
  Object.fromEntries(
    globSync('examples/templates/*.ts').map(file => [`dist/templates/${basename(file)}`, () => readFileSync(file, 'utf8')]),
  );

/** The files it wrote. */
export function writeForAuthors(): string[] {
  mkdirSync('dist/templates', {recursive: true});
  const all = {...pages, ...templates()};
  for (const [file, text] of Object.entries(all)) writeFileSync(file, text());
  return Object.keys(all);
}
