/** `npm run bench`: measures, prints, and never fails a build. `--only P3,P4 --runs 9 --json --write`. */
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {rowName, type Figure, type Row} from './figure.ts';
import {figures} from './figures/all.ts';
import {openLab, type Lab} from './lab.ts';
import {machine} from './machine.ts';
import {page, table, type Committed} from './report.ts';

const here = dirname(fileURLToPath(import.meta.url));
const committedFile = join(here, 'baseline.json');
const pageFile = join(here, 'RESULTS.md');

const {values: flags} = parseArgs({
  options: {
    only: {type: 'string', default: ''},
    runs: {type: 'string', default: '7'},
    json: {type: 'boolean', default: false},
    write: {type: 'boolean', default: false},
  },
});

const say = (line: string) => process.stderr.write(`${line}\n`);
const env = {...process.env, PATH: `${join(here, '../node_modules/.bin')}:${process.env['PATH'] ?? ''}`};

let current: Lab | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    say(`${signal}: cleaning up`);
    void (current?.release() ?? Promise.resolve()).finally(() => process.exit(130));
  });

const wanted = flags.only.toUpperCase().split(',').filter(Boolean);
const chosen = figures.filter(({id}) => wanted.length === 0 || wanted.includes(id));
const committed = readCommitted();
const rows: Row[] = [];
for (const figure of chosen) rows.push(...(await measure(figure)));
if (flags.json) process.stdout.write(`${JSON.stringify({machine: machine(), rows}, undefined, 2)}\n`);
else process.stdout.write(`${table(rows, committed, process.stdout.isTTY === true && !process.env['NO_COLOR'])}\n`);
if (flags.write) write();
process.exit(0);

async function measure(figure: Figure): Promise<readonly Row[]> {
  say(`${figure.id}  ${figure.title}`);
  const lab = openLab({runs: Number(flags.runs), env, say: line => say(`    ${line}`)});
  current = lab;
  try {
    return await figure.measure(lab);
  } catch (error) {
    say(`    ${error instanceof Error ? error.stack : String(error)}`);
    return [
      {
        figure: figure.id,
        case: '',
        unit: 'ms',
        skipped: error instanceof Error ? error.message.split('\n')[0]!.slice(0, 160) : String(error),
      },
    ];
  } finally {
    await lab.release();
  }
}

function readCommitted(): Committed {
  return existsSync(committedFile) ? (JSON.parse(readFileSync(committedFile, 'utf8')) as {rows: Committed}).rows : {};
}

/** Rows measured now replace those of the same figures; the others stay as they were measured. */
function write(): void {
  const ids = new Set(rows.filter(row => !row.skipped || row.case).map(row => row.figure));
  // Read again: another run may have written meanwhile.
  const kept = Object.values(readCommitted()).filter(row => !ids.has(row.figure));
  const all = [...kept, ...rows.filter(row => ids.has(row.figure))];
  const order = (row: Row) => figures.findIndex(({id}) => id === row.figure);
  all.sort((a, b) => order(a) - order(b));
  writeFileSync(committedFile, `${JSON.stringify({rows: Object.fromEntries(all.map(row => [rowName(row), row]))}, undefined, 2)}\n`);
  writeFileSync(pageFile, page(all, machine()));
}
