import {boolean, custom, string} from '@oclif/core/flags';
import {custom as customArg} from '@oclif/core/args';
import {parseDuration, parseSize, parseWhole} from '../output/amounts.ts';
import {BoxyardError} from '@boxyard/core/errors';
import {nearest} from './suggest.ts';

export const formats = ['table', 'wide', 'json', 'yaml', 'jsonl', 'name'] as const;
export type Format = (typeof formats)[number];

/** A value out of a list; a slip is answered with the nearest one. */
export const choice = (name: string, values: readonly string[]) =>
  custom<string>({helpValue: values.join('|'), parse: async input => parseChoice(input, `--${name}`, values)});

function parseChoice(input: string, field: string, values: readonly string[]): string {
  if (values.includes(input)) return input;
  const suggestion = nearest(input, values);
  throw new BoxyardError('INVALID_INPUT', {
    field,
    issue: `expected ${values.join(', ')}, got ${input === '' ? 'nothing' : input}`,
    ...(suggestion === undefined ? {} : {hint: `Did you mean ${suggestion}?`}),
  });
}

export const duration = (name: string, leastMs?: number) =>
  custom<number>({helpValue: 'TIME', parse: async input => parseDuration(input, `--${name}`, leastMs)});
export const size = (name: string) => custom<number>({helpValue: 'SIZE', parse: async input => parseSize(input, `--${name}`)});
export const whole = (name: string, range: {readonly min: number; readonly max: number}) =>
  custom<number>({helpValue: 'N', parse: async input => parseWhole(input, `--${name}`, range)});

/** Of programs in the foreground, which keep a log. */
export const logFormat = choice('log-format', ['text', 'json'])({
  description: 'how its log is written (default: text on a terminal, else json)',
});

/** May be given several times, each with one value. */
export const repeated = (options: {readonly description: string; readonly char?: 'e' | 'l'; readonly helpValue?: string}) =>
  string({...options, multiple: true, multipleNonGreedy: true});

/** oclif would read a missing argument from stdin, which belongs to the commands. */
const text = customArg<string>({ignoreStdin: true});
export const required = (description: string) => text({required: true, description});
/** One or more, after all others. */
export const several = (description: string) => customArg<string>({ignoreStdin: true})({required: true, multiple: true, description});
export const optionalSeveral = (description: string) =>
  customArg<string>({ignoreStdin: true})({required: false, multiple: true, description});
export const optional = (description: string) => text({required: false, description});

const helpGroup = 'EVERY COMMAND';

/** What every command understands. */
export const baseFlags = {
  output: choice(
    'output',
    formats,
  )({char: 'o', description: 'how to print: wide has all columns, name prints ids or names alone', helpGroup}),
  json: boolean({description: 'the same as -o json', helpGroup}),
  quiet: boolean({char: 'q', description: 'no messages; lists print names alone', helpGroup}),
  'no-headers': boolean({description: 'tables without their first line', helpGroup}),
  'no-truncate': boolean({description: 'tables whole, also where the terminal is narrower', helpGroup}),
  'no-color': boolean({description: 'no colours (also NO_COLOR)', helpGroup}),
  yes: boolean({char: 'y', description: 'answer yes to every question', helpGroup}),
  'no-input': boolean({description: 'never ask', helpGroup}),
  debug: boolean({description: 'show causes and stacks of errors', helpGroup}),
  server: string({helpValue: 'URL', description: 'the server to talk to (also BOXYARD_SERVER)', helpGroup}),
  'request-timeout': duration('request-timeout')({description: 'how long one request may take', helpGroup}),
};
