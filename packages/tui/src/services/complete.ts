/** What completion has to know of a command; the manifest says it of all. */
export interface KnownCommand {
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly flags: Readonly<Record<string, KnownFlag>>;
  readonly args: Readonly<Record<string, unknown>>;
}
export interface KnownFlag {
  readonly char?: string | undefined;
  readonly type: string;
  readonly multiple?: boolean | undefined;
  readonly helpValue?: string | undefined;
  readonly description?: string | undefined;
}

export type Names = 'devboxes' | 'workers' | 'jobs' | 'secrets' | 'tokens' | 'tenants' | 'images' | 'webhooks';
export interface Candidate {
  readonly word: string;
  readonly about?: string | undefined;
}
/** Words to choose from; names of objects that have to be asked for; files, as the shell completes them; or nothing. */
export type Completion =
  {readonly words: readonly Candidate[]} | {readonly names: Names; readonly words: readonly Candidate[]} | 'files' | 'nothing';

const none: Completion = 'nothing';
const wordsOf = (words: readonly string[]): Completion => ({words: words.map(word => ({word}))});

const namesOf: Readonly<Record<string, Names>> = {
  devbox: 'devboxes',
  worker: 'workers',
  job: 'jobs',
  children: 'jobs',
  secret: 'secrets',
  token: 'tokens',
  tenant: 'tenants',
  image: 'images',
  webhook: 'webhooks',
};
const engines = ['podman', 'docker', 'process'];
const files: ReadonlySet<string> = new Set([
  'dir',
  'file',
  'env-file',
  'token-file',
  'out',
  'tls-cert',
  'tls-key',
  'data-dir',
  'secret-file',
  'headers',
  'body',
  'webhook-ca',
]);

export interface Catalogue {
  /** By id, `jobs:list`. */
  readonly commands: Readonly<Record<string, KnownCommand>>;
  readonly topics: Readonly<Record<string, {readonly description?: string | undefined}>>;
  readonly settings: readonly string[];
  readonly shells: readonly string[];
  readonly helpTopics: readonly string[];
}

/** What may stand in the place of the last of the words after `boxyard`. Pure; the caller keeps what begins like the last word. */
export function complete(words: readonly string[], catalogue: Catalogue): Completion {
  const before = words.slice(0, -1);
  if (before[0] === 'help') return forHelp(words.slice(1), catalogue);
  const found = findCommand(before, catalogue);
  if (found === undefined) return firstWords(before, catalogue);
  const {command, rest, id} = found;
  const current = words.at(-1) ?? '';
  if (rest.includes('--')) return 'files';
  const {positional, open} = readWords(rest, command);
  if (open !== undefined) return valuesOf(open.name, open.flag, id);
  // After the words of its own, run and exec take a command of the person's.
  const args = Object.keys(command.args);
  const runsCommand = id === 'run' || id === 'exec';
  if (runsCommand && positional > args.length) return 'files';
  if (current.startsWith('-')) return flagsOf(command, rest);
  const arg = args[positional];
  if (arg === undefined) return runsCommand ? 'files' : none;
  return argumentsOf(arg, id, catalogue);
}

function forHelp(words: readonly string[], catalogue: Catalogue): Completion {
  if (findCommand(words.slice(0, -1), catalogue) !== undefined) return none;
  const found = firstWords(words.slice(0, -1), catalogue);
  if (typeof found === 'string' || words.length > 1) return found;
  return {words: [...found.words, ...catalogue.helpTopics.map(word => ({word}))]};
}

interface Found {
  readonly id: string;
  readonly command: KnownCommand;
  readonly rest: readonly string[];
}

function findCommand(words: readonly string[], {commands}: Catalogue): Found | undefined {
  const [one, two] = words;
  for (const [id, used] of [
    [`${one}:${two}`, 2],
    [`${one}s:${two}`, 2],
    [String(one), 1],
  ] as const) {
    const command = Object.hasOwn(commands, id) ? commands[id] : undefined;
    if (command !== undefined && words.length >= used) return {id, command, rest: words.slice(used)};
  }
  return undefined;
}

function firstWords(before: readonly string[], {commands, topics, helpTopics}: Catalogue): Completion {
  const shown = Object.entries(commands).filter(([, command]) => command.hidden !== true);
  if (before.length === 0) {
    const own = shown.filter(([id]) => !id.includes(':')).map(([id, {summary}]) => ({word: id, about: summary}));
    const nouns = Object.entries(topics).map(([word, {description}]) => ({word, about: description}));
    return {words: [...own, ...nouns, {word: 'help', about: `Help; also on ${helpTopics.join(', ')}`}].toSorted(byWord)};
  }
  if (before.length > 1) return none;
  const verbs = [`${before[0]}:`, `${before[0]}s:`].flatMap(noun =>
    shown.filter(([id]) => id.startsWith(noun)).map(([id, {summary}]) => ({word: id.slice(noun.length), about: summary})),
  );
  return {words: verbs};
}

const byWord = (a: Candidate, b: Candidate) => (a.word < b.word ? -1 : 1);

/** How many plain words came, and the option whose value comes now. */
function readWords(
  rest: readonly string[],
  {flags}: KnownCommand,
): {readonly positional: number; readonly open: {readonly name: string; readonly flag: KnownFlag} | undefined} {
  let positional = 0;
  let open: {name: string; flag: KnownFlag} | undefined;
  for (const word of rest) {
    if (open !== undefined) open = undefined;
    else if (word.startsWith('-') && word.length > 1) {
      const entry = Object.entries(flags).find(([name, flag]) => word === `--${name}` || word === `-${flag.char}`);
      open = entry?.[1].type === 'option' ? {name: entry[0], flag: entry[1]} : undefined;
    } else positional++;
  }
  return {positional, open};
}

function valuesOf(name: string, flag: KnownFlag, id: string): Completion {
  if (flag.helpValue?.includes('|') === true) return wordsOf(flag.helpValue.split('|'));
  if (name === 'each') return wordsOf(['worker']);
  if (name === 'engine') return wordsOf(engines);
  if (files.has(name)) return 'files';
  const names = id === 'images:build' && name === 'tag' ? undefined : namesOf[name];
  return names === undefined ? none : {names, words: []};
}

function flagsOf({flags}: KnownCommand, rest: readonly string[]): Completion {
  const free = Object.entries(flags).filter(([name, flag]) => flag.multiple === true || !rest.includes(`--${name}`));
  return {words: free.map(([name, {description}]) => ({word: `--${name}`, about: description})).toSorted(byWord)};
}

function argumentsOf(arg: string, id: string, {settings, shells}: Catalogue): Completion {
  if (id === 'images:build') return 'files';
  if (arg === 'key') return wordsOf(settings);
  if (arg === 'shell') return wordsOf(shells);
  // A name that is about to be given to something new is nobody's yet.
  const names = id.endsWith(':create') || (id === 'secrets:set' && arg !== 'secret') ? undefined : namesOf[arg];
  return names === undefined ? none : {names, words: []};
}
