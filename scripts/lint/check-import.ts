import {addressOf, addressOfImport, matches} from './addresses.ts';
import {confined, rimDoors, rimInsiders, table} from './import-table.ts';

export interface ImportUse {
  readonly importer: string;
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

const seeTable = 'The table is in ARCHITECTURE.md and scripts/lint/import-table.ts.';

/** What is wrong with one import, as a sentence; undefined where it is allowed or not product code. */
export function importProblem({importer, specifier, isTypeOnly}: ImportUse): string | undefined {
  const from = addressOf(importer);
  if (from === undefined) return undefined;
  const to = addressOfImport(specifier, importer);
  if (to === undefined) return isTypeOnly ? undefined : confinementProblem(from, specifier);
  // A door is for what runs; a type may be named by whoever passes the thing on.
  return rowProblem(from, to) ?? (isTypeOnly ? undefined : rimProblem(from, to));
}

/** A folder without a row fails even if its files import nothing. */
export function folderProblem(importer: string): string | undefined {
  const from = addressOf(importer);
  if (from === undefined || table.some(row => matches(from, row.files))) return undefined;
  return `${folderOf(from)} has no row in the import table. Add one that says what it may import. ${seeTable}`;
}

function rowProblem(from: string, to: string): string | undefined {
  const row = table.find(each => matches(from, each.files));
  if (row === undefined) return undefined;
  const isOwn =
    (row.ownFolder ?? true) && matches(to, row.files.includes('.ts') ? folderOf(row.files) : row.files) && sameFolder(from, to, row.files);
  if (isOwn || row.may.some(pattern => matches(to, pattern))) return undefined;
  const allowed = row.may.length === 0 ? 'nothing of ours' : row.may.join(', ');
  return `${from} may not import ${to}: files of ${row.files} may import ${allowed}. ${seeTable}`;
}

/** `plugins/engines/*` is one row and many folders, which stay apart. */
function sameFolder(from: string, to: string, pattern: string): boolean {
  const depth = pattern.split('/').length;
  const head = (address: string) => address.split('/').slice(0, depth).join('/');
  return !pattern.includes('*') || pattern.endsWith('.ts') || head(from) === head(to);
}

function rimProblem(from: string, to: string): string | undefined {
  const kinds = Object.entries(rimDoors).find(
    ([door]) => to === `${door}.ts` || to.startsWith(`${door}-`) || to.startsWith(`${door}/`),
  )?.[1];
  if (kinds === undefined || rimInsiders.some(pattern => matches(from, pattern))) return undefined;
  const parts = from.split('/').slice(2);
  const isOfKind = parts.some(part => kinds.some(kind => part === kind || part === `${kind}.ts` || part.startsWith(`${kind}-`)));
  if (isOfKind) return undefined;
  return `Only ${kinds.map(kind => `${kind}.ts`).join(', ')} may import ${to}; ${from} is another kind of file. ${seeTable}`;
}

function confinementProblem(from: string, specifier: string): string | undefined {
  const found = Object.entries(confined).find(([name]) => specifier === name || specifier.startsWith(`${name}/`));
  if (found === undefined || found[1].some(pattern => matches(from, pattern))) return undefined;
  return `${from} may not import ${found[0]} at run time: only ${found[1].join(', ')} may. ${seeTable}`;
}

const folderOf = (address: string): string => address.split('/').slice(0, -1).join('/');
