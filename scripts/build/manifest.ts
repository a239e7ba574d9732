import {existsSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {Plugin} from '@oclif/core';

const file = 'oclif.manifest.json';

/** Lets oclif list and check commands without loading them. Made from the built commands, so it cannot differ from them. */
export async function writeManifest(): Promise<void> {
  const text = await renderManifest();
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

export async function renderManifest(): Promise<string> {
  const plugin = new Plugin({
    root: process.cwd(),
    type: 'core',
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  // Modules come in the order in which they were loaded.
  const commands = Object.fromEntries(Object.entries(plugin.manifest.commands).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({...plugin.manifest, commands}, null, 2)}\n`;
}
