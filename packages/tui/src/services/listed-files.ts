import {execFile} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);
const listMs = 60_000;
const listBytes = 256 * 1024 * 1024;

/**
 * The paths under `dir` that belong to it, relative, sorted: in a git work tree what git tracks or would track, else
 * everything but what `.boxyardignore` names. Directories appear only where they are empty and git was not asked.
 */
export async function listFiles(dir: string): Promise<readonly string[]> {
  const tracked = await listByGit(dir);
  return (tracked ?? (await listAll(dir))).toSorted();
}

async function listByGit(dir: string): Promise<readonly string[] | undefined> {
  try {
    const {stdout} = await run('git', ['-C', dir, 'ls-files', '-z', '-co', '--exclude-standard'], {timeout: listMs, maxBuffer: listBytes});
    return [...new Set(stdout.split('\0').filter(path => path !== ''))];
  } catch {
    // No git, or no work tree: then everything is meant.
    return undefined;
  }
}

async function listAll(dir: string): Promise<readonly string[]> {
  const isIgnored = ignoreRules(await readFile(join(dir, '.boxyardignore'), 'utf8').catch(() => ''));
  const found: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(join(dir, at), {withFileTypes: true})) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (isIgnored(path, entry.isDirectory())) continue;
      if (entry.isDirectory()) await walk(path);
      else found.push(path);
    }
  };
  await walk('');
  return found;
}

/**
 * One pattern a line: `*` and `?` within a name, `**` across folders, a trailing `/` for folders only, a leading `!` takes
 * back; without a slash inside it is looked for at every depth. The last line that fits decides.
 */
export function ignoreRules(text: string): (path: string, isFolder: boolean) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(toRule);
  return (path, isFolder) => {
    let isIgnored = false;
    for (const rule of rules) if ((!rule.foldersOnly || isFolder) && rule.pattern.test(path)) isIgnored = !rule.takesBack;
    return isIgnored;
  };
}

function toRule(line: string): {pattern: RegExp; takesBack: boolean; foldersOnly: boolean} {
  const takesBack = line.startsWith('!');
  const bare = takesBack ? line.slice(1) : line;
  const foldersOnly = bare.endsWith('/');
  const body = bare.replace(/\/$/, '').replace(/^\//, '');
  const isAnchored = bare.replace(/\/$/, '').includes('/');
  const source = body
    .split(/(\*\*\/|\*\*|\*|\?)/)
    .map(part => wildcards[part] ?? part.replace(/[.+^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return {pattern: new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${source}$`), takesBack, foldersOnly};
}

const wildcards: Readonly<Record<string, string>> = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'};
