import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {yamlData, type Paths} from '@boxyard/core/config';

interface Where {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly paths: Paths;
}

/** Whether the file of the agent on this machine says something of `key`. What is wrong with the file the agent itself tells. */
export async function agentFileNames(key: string, {env, paths}: Where): Promise<boolean> {
  const file = env['BOXYARD_AGENT_CONFIG'] || env['AGENT_CONFIG'] || join(paths.config, 'config.json');
  if (!existsSync(file)) return false;
  const {parse} = await import('yaml');
  try {
    const found: unknown = yamlData(parse, readFileSync(file, 'utf8'), file);
    return typeof found === 'object' && found !== null && key in found;
  } catch {
    return false;
  }
}
