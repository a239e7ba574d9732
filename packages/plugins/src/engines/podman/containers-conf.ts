import {access, readFile} from 'node:fs/promises';
import path from 'node:path';

const MAX_FILES = 65_536;
const MAX_PROCESSES = 32_768;
/** podman keeps a process for each exec that has ended, for somebody who asks how: five minutes of them are thousands. */
const EXEC_KEPT_S = 20;

/**
 * Settings for a machine on which podman's own start nothing: runc, since crun refuses hybrid cgroups, and limits within
 * those this process has, since podman asks for more than an unprivileged or confined one may give. Both limits or neither.
 */
export const containersConf = async (searchPath: string): Promise<string> => {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const files = Math.min(hardLimit(limits, 'Max open files'), MAX_FILES);
  const processes = Math.min(hardLimit(limits, 'Max processes'), MAX_PROCESSES);
  const runtime = (await hasProgram('runc', searchPath)) ? 'runtime = "runc"\n' : '';
  return `[containers]\ndefault_ulimits = ["nofile=${files}:${files}", "nproc=${processes}:${processes}"]\n[engine]\nexit_command_delay = ${EXEC_KEPT_S}\n${runtime}`;
};

/** The row reads `Max open files  1024  20000  files`: soft, then hard. */
const hardLimit = (limits: string, row: string): number => {
  const fields =
    limits
      .split('\n')
      .find(line => line.startsWith(row))
      ?.slice(row.length)
      .trim()
      .split(/\s+/) ?? [];
  return Number(fields[1]) || Number.MAX_SAFE_INTEGER;
};

const hasProgram = async (name: string, searchPath: string): Promise<boolean> => {
  const found = await Promise.all(
    [...searchPath.split(':'), '/usr/sbin', '/usr/bin'].map(folder =>
      access(path.join(folder, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
};
