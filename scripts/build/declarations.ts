import {readFileSync, writeFileSync, mkdirSync} from 'node:fs';

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

/** The files it wrote. */
export function writeDeclarations(): string[] {
  mkdirSync('dist', {recursive: true});
  for (const [file, text] of Object.entries(pages)) writeFileSync(file, text());
  return Object.keys(pages);
}
