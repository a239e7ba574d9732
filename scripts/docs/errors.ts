import {catalogue, type ErrorEntry} from '../../packages/core/src/errors/index.ts';

const blames: Readonly<Record<ErrorEntry['blame'], string>> = {
  input: 'what was asked',
  environment: 'this machine or another',
  bug: 'Boxyard: please report it',
};

/** The page of errors, one section per code, as the catalogue says it. Values that differ are shown by their names. */
export function renderErrors(): string {
  const sections = Object.entries(catalogue).map(([code, entry]) => renderEntry(code, entry));
  return `# Errors

Generated from \`packages/core/src/errors/catalogue.ts\` by \`npm run docs\`. Every error has a code, which does not change, a
sentence that says what happened and a hint that says what to do next. Over HTTP it is \`{"error": {code, message, hint, details}}\`.
Exit codes are those of all commands but \`run\` and \`exec\`, which use 125 for failures of Boxyard itself.

${sections.join('\n')}`;
}

function renderEntry(code: string, entry: ErrorEntry): string {
  const hint = oneLine(() => entry.hint(named));
  const facts = `The cause is ${blames[entry.blame]}. HTTP ${entry.status}, exit ${entry.exit}${entry.retryable ? ', worth trying again' : ''}.`;
  return `## ${code}\n\n${oneLine(() => entry.message(named))}\n${hint === '' ? '' : `\nHint: ${hint}\n`}\n${facts}\n`;
}

/** Stands for every detail: each is shown by its name. */
const named: Record<string, unknown> = new Proxy({}, {get: (_, name) => `\`${String(name)}\``});

const oneLine = (render: () => string): string => render().replaceAll(/\s+/g, ' ').trim();
