import {nearest} from './suggest.ts';

export type Resolved =
  | {readonly kind: 'command'; readonly id: string; readonly rest: readonly string[]}
  | {readonly kind: 'help'; readonly subject: readonly string[]}
  | {readonly kind: 'unknown'; readonly words: string; readonly suggestion: string | undefined}
  | {readonly kind: 'nothing'};

const singular: Readonly<Record<string, string>> = {
  job: 'jobs',
  devbox: 'devboxes',
  box: 'devboxes',
  image: 'images',
  worker: 'workers',
  tenant: 'tenants',
  token: 'tokens',
  secret: 'secrets',
  port: 'ports',
  display: 'displays',
};
/** Other words for a command, where one noun has several in the field. */
const synonyms: Readonly<Record<string, string>> = {shell: 'terminal', attach: 'terminal'};
const shortVerbs: Readonly<Record<string, string>> = {ls: 'list', rm: 'remove'};

/**
 * Which command a line means. `ids` have colons (`jobs:list`). Singular nouns, `ls` and `rm` are understood; a noun alone is
 * a wish for its help; nothing is guessed from a prefix.
 */
export function resolveCommand(argv: readonly string[], ids: readonly string[], helpTopics: readonly string[] = []): Resolved {
  const [given, second] = argv;
  if (given === undefined) return {kind: 'nothing'};
  const first = synonyms[given] ?? given;
  if (first === '--help' || first === '-h') return {kind: 'help', subject: []};
  if (first === 'help') return help(argv.slice(1), ids, helpTopics);
  const wantsHelp = untilDashes(argv).some(word => word === '--help' || word === '-h');
  const found = findId(first, second, ids);
  if (found)
    return wantsHelp ? {kind: 'help', subject: found.id.split(':')} : {kind: 'command', id: found.id, rest: argv.slice(found.words)};
  const topic = topicOf(first, ids);
  if (topic !== undefined && (second === undefined || second.startsWith('-'))) return {kind: 'help', subject: [topic]};
  return unknown(first, second, ids, topic);
}

const untilDashes = (argv: readonly string[]) => {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
};

function findId(first: string, second: string | undefined, ids: readonly string[]): {id: string; words: number} | undefined {
  const pair = second === undefined ? undefined : spellings(first, second).find(id => ids.includes(id));
  if (pair !== undefined) return {id: pair, words: 2};
  const isTopicToo = ids.some(id => id.startsWith(`${first}:`));
  return ids.includes(first) && !(isTopicToo && second !== undefined && !second.startsWith('-')) ? {id: first, words: 1} : undefined;
}

const spellings = (noun: string, verb: string): readonly string[] =>
  [noun, singular[noun]].flatMap(one =>
    [verb, shortVerbs[verb]].flatMap(two => (one === undefined || two === undefined ? [] : [`${one}:${two}`])),
  );

const topicOf = (word: string, ids: readonly string[]): string | undefined =>
  [word, singular[word]].find(noun => noun !== undefined && ids.some(id => id.startsWith(`${noun}:`)));

function help([first, second]: readonly string[], ids: readonly string[], helpTopics: readonly string[]): Resolved {
  if (first === undefined || first === '--help' || first === '-h') return {kind: 'help', subject: []};
  const found = findId(first, second, ids);
  if (found !== undefined) return {kind: 'help', subject: found.id.split(':')};
  const topic = topicOf(first, ids);
  if (topic !== undefined && second === undefined) return {kind: 'help', subject: [topic]};
  return helpTopics.includes(first) ? {kind: 'help', subject: [first]} : unknown(first, second, ids, topic);
}

function unknown(first: string, second: string | undefined, ids: readonly string[], topic: string | undefined): Resolved {
  if (topic !== undefined && second !== undefined) {
    const verbs = ids.filter(id => id.startsWith(`${topic}:`)).map(id => id.slice(topic.length + 1));
    const verb = nearest(second, verbs);
    return {kind: 'unknown', words: `${first} ${second}`, suggestion: verb && `boxyard ${topic} ${verb}`};
  }
  // Options of every command stand behind its name.
  if (first.startsWith('-'))
    return {kind: 'unknown', words: first, suggestion: first === '-v' || first === '-V' ? 'boxyard --version' : undefined};
  const words = [...new Set([...ids.map(id => id.split(':')[0]!), ...Object.keys(singular)])];
  const near = nearest(first, words);
  const hasVerb = near !== undefined && second !== undefined && findId(near, second, ids)?.words === 2;
  return {kind: 'unknown', words: first, suggestion: near && `boxyard ${hasVerb ? `${near} ${second}` : near}`};
}
