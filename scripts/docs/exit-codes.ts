import {exitCodes, exitNote} from '../../packages/tui/src/cli/help-topics.ts';

/** The page of exit codes, which `boxyard help exit-codes` prints too. */
export function renderExitCodes(): string {
  const width = Math.max(...exitCodes.map(([, meaning]) => meaning.length));
  const row = (code: string, meaning: string) => `| ${code.padEnd(4)} | ${meaning.padEnd(width)} |`;
  const rows = [row('code', 'meaning'), `| ---- | ${'-'.repeat(width)} |`, ...exitCodes.map(([code, meaning]) => row(code, meaning))];
  return `# Exit codes

Generated from \`packages/tui/src/cli/help-topics.ts\` by \`npm run docs\`; \`boxyard help exit-codes\` prints them too. Which error ends a
command with which code stands in [errors.md](errors.md).

${rows.join('\n')}

${exitNote} \`jobs wait\` ends with 0, 1, 7 or 130, with \`--exit-code\` as the command did.
`;
}
