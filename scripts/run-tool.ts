import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';

export interface ToolResult {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** Runs an npm package's own program under this Node, from the repository's root. Its output is shown live or returned. */
export async function runTool(name: string, args: readonly string[], more: {live?: boolean; minutes?: number} = {}): Promise<ToolResult> {
  const startedAt = Date.now();
  const child = spawn(process.execPath, [programOf(name), ...args], {
    stdio: ['ignore', more.live ? 'inherit' : 'pipe', more.live ? 'inherit' : 'pipe'],
    timeout: (more.minutes ?? 5) * 60_000,
  });
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ok = await new Promise<boolean>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve(code === 0));
  });
  return {ok, output: Buffer.concat(chunks).toString(), seconds: (Date.now() - startedAt) / 1000};
}

/** The file behind a command of `node_modules`; a path with a slash is taken as it is. */
function programOf(name: string): string {
  if (name.includes('/')) return name;
  const [command = name, packageName = name] = name.split('@');
  const {bin} = JSON.parse(readFileSync(`node_modules/${packageName}/package.json`, 'utf8')) as {bin: string | Record<string, string>};
  return `node_modules/${packageName}/${typeof bin === 'string' ? bin : bin[command]}`;
}
