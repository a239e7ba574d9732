const OWN = '[ -x "$SHELL" ] || SHELL=$(command -v bash) || SHELL=/bin/sh\nexport SHELL\nexec "$SHELL"';

/** What a terminal runs where nothing is named: the shell of the image's user, else bash, else sh; after the commands given first. */
export const shellCommand = (first: readonly string[] = []): string[] => [
  '/bin/sh',
  '-c',
  `${first.map(line => `${line}\n`).join('')}${OWN}`,
];

/** Whether that is what it runs: people are told so, and not how. */
export const isShell = (argv: readonly string[]): boolean => argv.length === 3 && argv[2]!.endsWith(OWN);
