/** The CLI's entry: parts the line, starts one command, and is the only place that ends the process. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {CommandOfOurs} from './cli/define-command.ts';
import type {Program} from './cli/context.ts';
import {drained} from './screen/terminal-writes.ts';

// A reader that has seen enough (`| head -1`) is no failure; who follows a job hears of it and ends the job first.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') return giveUp(error);
    if (!process.emit('SIGPIPE', 'SIGPIPE')) process.exit(0);
  });
process.title = 'boxyard';
// Without a listener it opens Node's debugger on a port that every user of this machine may talk to.
process.on('SIGUSR1', () => undefined);

const root = join(import.meta.dirname, '../..');
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string}).version;
await end(await start(process.argv.slice(2)));

function giveUp(error: Error): never {
  if (process.stderr.writable) process.stderr.write(`The output could not be written: ${error.message}\n`);
  process.exit(1);
}

async function start(argv: string[]): Promise<number> {
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`boxyard/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
    return 0;
  }
  const {Config} = await import('@oclif/core/config');
  const {resolveCommand} = await import('./cli/resolve-command.ts');
  const {helpTopics} = await import('./cli/help-topics.ts');
  const config = await Config.load({root, version});
  const resolved = resolveCommand(argv.length === 0 ? atStart() : argv, config.commandIDs, helpTopics);
  if (resolved.kind === 'help' || resolved.kind === 'nothing') return showHelp(config, resolved.kind === 'help' ? resolved.subject : []);
  if (resolved.kind === 'unknown') return sayUnknown(resolved.words, resolved.suggestion);
  const found = config.findCommand(resolved.id, {must: true});
  const command = (await found.load()) as unknown as CommandOfOurs;
  return command.execute([...resolved.rest], program(), resolved.id.replaceAll(':', ' '));
}

/** `boxyard` alone is the dashboard for a person and help for a program. */
function atStart(): string[] {
  return process.stdout.isTTY && process.stdin.isTTY ? ['dashboard'] : [];
}

async function showHelp(config: import('@oclif/core/config').Config, subject: readonly string[]): Promise<number> {
  const {helpTopic, rootHelp} = await import('./cli/help-topics.ts');
  const text = subject.length === 1 ? helpTopic(subject[0]!) : undefined;
  if (text !== undefined) {
    process.stdout.write(text);
    return 0;
  }
  const {loadHelpClass} = await import('@oclif/core/help');
  const Help = await loadHelpClass(config);
  await new Help(config, config.pjson.oclif.helpOptions).showHelp(subject.length === 0 ? [] : [subject.join(':')]);
  if (subject.length === 0) process.stdout.write(rootHelp);
  return 0;
}

async function sayUnknown(words: string, suggestion: string | undefined): Promise<number> {
  const {BoxyardError} = await import('@boxyard/core/errors');
  const {exitCodeOf, renderError} = await import('./render-error.ts');
  const isOption = words.startsWith('-');
  const unknown = isOption ? 'Options stand behind the command: boxyard --help' : 'boxyard --help';
  const hint = suggestion === undefined ? unknown : `Did you mean ${suggestion}?`;
  const error = new BoxyardError('UNKNOWN_FLAG', {what: isOption ? 'option' : 'command', name: words}, {hint});
  process.stderr.write(renderError(error, {json: false, debug: false, runsCommand: false}));
  return exitCodeOf(error, {runsCommand: false});
}

function program(): Program {
  return {
    env: process.env,
    cwd: process.cwd(),
    pid: process.pid,
    execPath: process.execPath,
    root,
    version,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    now: () => Date.now(),
    onSignal(name, listener) {
      process.on(name, listener);
      return () => void process.off(name, listener);
    },
  };
}

/** Lets both streams drain before the end, however slowly their reader reads; a terminal that takes nothing is left. */
async function end(code: number): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(stream => drained(stream, stream.isTTY ? 1_000 : undefined)));
  // A disk that is full is told in the next turn.
  await new Promise(resolve => setImmediate(resolve));
  process.exit(code);
}
