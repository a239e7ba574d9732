import {Command} from '@oclif/core/command';
import type {ArgInput, FlagInput, InferredArgs, InferredFlags} from '@oclif/core/interfaces';
import {NotSent} from '@boxyard/core/client';
import {paths} from '@boxyard/core/config';
import {BoxyardError, asBoxyardError, entryOf} from '@boxyard/core/errors';
import {colours, hasColour} from '../output/colours.ts';
import {exitCodeOf, renderError} from '../render-error.ts';
import {createContext, type Context, type GlobalFlags, type Program} from './context.ts';
import {baseFlags} from './flags.ts';
import {dryRun, printNotSent} from './print-not-sent.ts';
import {fromParseFailure} from './parse-failure.ts';
import {inOptions} from './request-fields.ts';
import {writeCrashLog} from './crash-log.ts';
import {splitCommand, type FlagShape} from './split-command.ts';

export interface Definition<F extends FlagInput, A extends ArgInput> {
  readonly summary: string;
  readonly description: string;
  /** At least two: what it does, and the line. `boxyard` is written in front. */
  readonly examples: readonly {readonly does: string; readonly line: string}[];
  readonly flags?: F;
  readonly args?: A;
  /** The words after ours are a command of the person's, and its exit code is ours (`run`, `exec`). */
  readonly runsCommand?: boolean;
  readonly hidden?: boolean;
  /** All it changes it changes by requests to the server: it has `--dry-run`, which prints the first of them. */
  readonly hasDryRun?: boolean;
  /** Resolves to the exit code, 0 if it says nothing. A rejection is printed by `render-error` and decides the code. */
  run(context: Context, input: Input<F, A>): Promise<number | void>;
}
export interface Input<F extends FlagInput, A extends ArgInput> {
  readonly flags: InferredFlags<F>;
  readonly args: InferredArgs<A>;
  /** Byte for byte what follows our own words, where `runsCommand`. */
  readonly command: readonly string[];
}

/** Runs a command of ours in a program and resolves to the exit code; never rejects. `words`: as it is typed, `jobs list`. */
type Execute = (argv: string[], program: Program, words: string) => Promise<number>;
export interface CommandOfOurs {
  readonly execute: Execute;
}

/** Makes what oclif discovers: its statics are the manifest's source, `execute` is how `run.ts` starts it. */
export function defineCommand<F extends FlagInput = Record<never, never>, A extends ArgInput = Record<never, never>>(
  definition: Definition<F, A>,
) {
  return class extends Command {
    static override summary = definition.summary;
    static override description = definition.description;
    static override examples = definition.examples.map(({does, line}) => `${does}\n<%= config.bin %> ${line}`);
    static override flags = flagsOf(definition);
    static override args = (definition.args ?? {}) as ArgInput;
    static override baseFlags = baseFlags as FlagInput;
    static override hidden = definition.hidden ?? false;
    static override strict = definition.runsCommand !== true;
    static execute: Execute = (argv, program, words) => execute(definition, argv, {program, words});

    async run(): Promise<void> {
      throw new Error('Commands are started by run.ts.');
    }
  };
}

async function execute<F extends FlagInput, A extends ArgInput>(
  definition: Definition<F, A>,
  argv: string[],
  {program, words}: {program: Program; words: string},
): Promise<number> {
  const runsCommand = definition.runsCommand === true;
  try {
    const {input, flags} = await parse(definition, argv);
    // One without it may have an option of this name of its own, as `clusters apply`, of which the server says what it would change.
    const own = definition.hasDryRun === true ? flags : {...flags, 'dry-run': false};
    // Where --output is a file, the rest is printed as usual.
    const context = await createContext(program, 'output' in (definition.flags ?? {}) ? {...own, output: undefined} : own);
    return await runOrShow(context, async () => (await definition.run(context, input)) ?? 0);
  } catch (thrown) {
    const flagNames = Object.keys({...baseFlags, ...flagsOf(definition)});
    const error = withOwnHelp(inOptions(asBoxyardError(thrown), flagNames), words);
    const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
    const logFile = error.code === 'INTERNAL' ? writeCrashLog(paths(program.env), error, program) : undefined;
    const isColoured = hasColour(program.stderr.isTTY === true, program.env, own.includes('--no-color'));
    const style = {json: wantsJson(own), debug: own.includes('--debug'), runsCommand, logFile, bold: colours(isColoured).bold};
    program.stderr.write(renderError(error, style));
    return exitCodeOf(error, style);
  }
}

const flagsOf = <F extends FlagInput, A extends ArgInput>({flags, hasDryRun}: Definition<F, A>): FlagInput => ({
  ...flags,
  ...(hasDryRun === true ? {'dry-run': dryRun} : {}),
});

async function runOrShow(context: Context, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof NotSent)) throw error;
    await printNotSent(context, error.request);
    return 0;
  }
}

/** Where the catalogue knows no better way out of a wrong line than some help, the help of this command is it. */
export function withOwnHelp(error: BoxyardError, words: string): BoxyardError {
  const {code, details, message, hint} = error;
  const isUsual = hint === entryOf(code).hint(details) && details['hint'] === undefined && details['suggestion'] === undefined;
  if (!isUsual || (code !== 'INVALID_INPUT' && code !== 'UNKNOWN_FLAG')) return error;
  return new BoxyardError(code, details, {message, hint: `boxyard ${words} --help`.replace('  ', ' '), cause: error.cause});
}

async function parse<F extends FlagInput, A extends ArgInput>(
  definition: Definition<F, A>,
  argv: string[],
): Promise<{input: Input<F, A>; flags: GlobalFlags}> {
  const {parse: parseLine} = await import('@oclif/core/parser');
  const flags = {...baseFlags, ...flagsOf(definition)} as FlagInput;
  const args = (definition.args ?? {}) as ArgInput;
  const {own, command} =
    definition.runsCommand === true ? splitCommand(argv, shapes(flags), Object.keys(args).length) : {own: argv, command: []};
  try {
    const parsed = await parseLine('sort' in flags ? withTurned(own) : [...own], {flags, args, strict: true});
    return {
      input: {flags: parsed.flags as InferredFlags<F>, args: parsed.args as InferredArgs<A>, command},
      flags: parsed.flags as unknown as GlobalFlags,
    };
  } catch (error) {
    throw fromParseFailure(error, Object.keys(flags));
  }
}

/** `--sort -age`: the parser takes what begins like an option of ours for one, so it is handed over as `age:desc`. */
const withTurned = (argv: readonly string[]): string[] => {
  const turned = (word: string | undefined) => (/^-[a-z]/i.test(word ?? '') ? `--sort=${word!.slice(1)}:desc` : undefined);
  return argv.flatMap((word, i) => {
    if (word === '--sort') return turned(argv[i + 1]) ?? word;
    if (argv[i - 1] === '--sort' && turned(word) !== undefined) return [];
    return (word.startsWith('--sort=') ? turned(word.slice(7)) : undefined) ?? word;
  });
};

const shapes = (flags: FlagInput): FlagShape[] =>
  Object.entries(flags).map(([name, flag]) => ({name, char: flag.char, takesValue: flag.type === 'option'}));

const wantsJson = (argv: readonly string[]) =>
  argv.includes('--json') ||
  argv.some((word, i) => /^(-o=?|--output=)jsonl?$/.test(word) || (/^(-o|--output)$/.test(word) && /^jsonl?$/.test(argv[i + 1] ?? '')));
