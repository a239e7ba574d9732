import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {boolean} from '@oclif/core/flags';
import type {Context} from '../cli/context.ts';
import {defineCommand} from '../cli/define-command.ts';
import {helpTopics} from '../cli/help-topics.ts';
import {safeLine} from '../output/safe-text.ts';
import {complete, type Candidate, type Catalogue} from '../services/complete.ts';
import {shells} from '../services/completion.ts';
import {knownNames} from '../services/known-names.ts';
import {settings} from '../services/user-config.ts';

export default defineCommand({
  summary: 'What may follow, for the completion of a shell',
  description: 'Takes the words after `boxyard`, the unfinished one last. Never fails, and is silent where nothing is known.',
  examples: [
    {does: 'Commands that begin with j', line: '__complete -- j'},
    {does: 'DevBoxes', line: '__complete -- devboxes show ""'},
  ],
  hidden: true,
  runsCommand: true,
  flags: {next: boolean({description: 'an empty word follows; for shells that cannot hand one over'})},
  async run(context, {command, flags}) {
    const words = flags.next || command.length === 0 ? [...command, ''] : command;
    const lines = await linesFor(context, words).catch(() => []);
    context.program.stdout.write(lines.map(line => `${line}\n`).join(''));
    return 0;
  },
});

async function linesFor(context: Context, words: readonly string[]): Promise<readonly string[]> {
  const found = complete(words, readCatalogue(context.program.root));
  if (found === 'files') return [':files'];
  if (found === 'nothing') return [];
  const names = 'names' in found ? await namesOf(context, found.names) : [];
  return [...found.words, ...names].filter(({word}) => word.startsWith(words.at(-1) ?? '')).map(lineOf);
}

async function namesOf(context: Context, names: Parameters<typeof knownNames>[1]): Promise<readonly Candidate[]> {
  const {client} = await context.connect();
  const found = await knownNames(client, names, {paths: context.paths, now: context.program.now()});
  return found.map(word => ({word}));
}

const lineOf = ({word, about}: Candidate): string => [safeLine(word), ...(about ? [safeLine(about)] : [])].join('\t');

function readCatalogue(root: string): Catalogue {
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;
  const {commands} = read('oclif.manifest.json') as Pick<Catalogue, 'commands'>;
  const {oclif} = read('package.json') as {readonly oclif: Pick<Catalogue, 'topics'>};
  return {commands, topics: oclif.topics, settings: Object.keys(settings), shells, helpTopics};
}
