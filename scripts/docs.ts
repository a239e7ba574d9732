/** `npm run docs`: writes the generated pages of `docs/`; with `--check` only says which are not what would be written. */
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {clusterSchema} from '../packages/core/src/api/index.ts';
import {renderDashboard} from './docs/dashboard.ts';
import {renderErrors} from './docs/errors.ts';
import {renderExitCodes} from './docs/exit-codes.ts';
import {renderProtocol} from './docs/protocol.ts';
import {renderManifest} from './build/manifest.ts';

process.chdir(`${import.meta.dirname}/..`);
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();

async function main(): Promise<void> {
  const pages: Record<string, string> = {
    'docs/cluster.schema.json': `${JSON.stringify(clusterSchema(), undefined, 2)}\n`,
    'docs/dashboard.md': renderDashboard(),
    'docs/errors.md': renderErrors(),
    'docs/exit-codes.md': renderExitCodes(),
    'docs/protocol.md': renderProtocol(),
  };
  if (existsSync('dist/cli/run.js')) pages['oclif.manifest.json'] = await renderManifest();
  const stale = Object.entries(pages).filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
  if (process.argv.includes('--check')) {
    for (const [file] of stale) console.log(`${file} is not what its source says.`);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  for (const [file, text] of stale) writeFileSync(file, text);
}
