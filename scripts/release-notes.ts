/** The notes of one version in a package's changelog as changesets writes it, without those about our own packages alone. */
export function notesOf(changelog: string, version: string): readonly string[] {
  const section = changelog.split(/^## /m).find(part => part.startsWith(`${version}\n`)) ?? '';
  const notes = section.split(/^- /m).slice(1);
  return notes.map(note => note.replace(/^#.*$/gm, '').trim()).filter(note => note !== '' && !note.startsWith('Updated dependencies'));
}

/** The changelog with the newest release first. */
export function addRelease(changelog: string, version: string, notes: readonly string[]): string {
  const head = '# Changelog\n';
  const older = changelog.startsWith(head) ? changelog.slice(head.length) : changelog === '' ? '' : `\n${changelog}`;
  return `${head}\n## ${version}\n\n${notes.map(note => `- ${note.replaceAll('\n', '\n  ').replaceAll(/\n +\n/g, '\n\n')}\n`).join('')}${older}`;
}
