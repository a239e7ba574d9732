import {execFile} from 'node:child_process';
import {chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** The image tests run in: a static busybox and nothing else. */
export const BASE_IMAGE = 'localhost/base:test';
const BUSYBOX = '/bin/busybox';

/** Makes the image if the engine has not got it, without a registry; several callers at once are fine. Rejects where the engine or busybox is missing. */
export const ensureBaseImage = async (engine: 'docker' | 'podman'): Promise<string> => {
  const exists = await run(engine, ['image', 'inspect', BASE_IMAGE]).then(
    () => true,
    () => false,
  );
  if (!exists) await importBusybox(engine);
  return BASE_IMAGE;
};

const importBusybox = async (engine: string): Promise<void> => {
  const dir = await mkdtemp(path.join(tmpdir(), 'boxyard-base-'));
  try {
    const root = path.join(dir, 'root');
    await layOut(root);
    await run('tar', ['-C', root, '-cf', path.join(dir, 'root.tar'), '.']);
    await run(engine, ['import', path.join(dir, 'root.tar'), BASE_IMAGE]);
  } finally {
    await rm(dir, {recursive: true, force: true});
  }
};

const layOut = async (root: string): Promise<void> => {
  for (const folder of ['bin', 'etc', 'root', 'proc', 'sys', 'dev', 'workspace', 'tmp', 'var/tmp'])
    await mkdir(path.join(root, folder), {recursive: true});
  await Promise.all(['tmp', 'var/tmp'].map(folder => chmod(path.join(root, folder), 0o1777)));
  await copyFile(BUSYBOX, path.join(root, 'bin/busybox'));
  const {stdout} = await run(BUSYBOX, ['--list']);
  const applets = stdout.split('\n').filter(name => /^[a-z0-9_[.-]+$/i.test(name) && name !== 'busybox');
  await Promise.all(applets.map(name => symlink('busybox', path.join(root, 'bin', name))));
  await writeFile(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
};
