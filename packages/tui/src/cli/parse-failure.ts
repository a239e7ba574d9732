import {BoxyardError, isBoxyardError} from '@boxyard/core/errors';
import {nearest} from './suggest.ts';

/** What oclif's parser throws, in our words. Anything else comes back as it is. */
export function fromParseFailure(error: unknown, flagNames: readonly string[]): unknown {
  // The parser writes its own words into the message of what a flag threw.
  if (isBoxyardError(error)) return new BoxyardError(error.code, error.details, {cause: error});
  if (!(error instanceof Error)) return error;
  const {flags, args} = error as {flags?: unknown; args?: unknown};
  if (error.constructor.name === 'NonExistentFlagsError' && Array.isArray(flags)) return unknownFlag(String(flags[0]), flagNames);
  if (error.constructor.name === 'RequiredArgsError' && Array.isArray(args)) {
    const names = (args as {name: string}[]).map(arg => arg.name.toUpperCase()).join(' ');
    return new BoxyardError('INVALID_INPUT', {field: names, issue: 'missing'});
  }
  if (error.constructor.name === 'UnexpectedArgsError' && Array.isArray(args))
    return new BoxyardError('INVALID_INPUT', {field: args.join(' '), issue: 'not expected'});
  const constraint = constraintOf(error.message);
  if (constraint !== undefined) return new BoxyardError('INVALID_INPUT', constraint);
  if ('oclif' in error) return new BoxyardError('INVALID_INPUT', {}, {message: firstLine(error.message)});
  return error;
}

/** An option that has to be there; `--branch` without the `--repo` it depends on; `--copies` beside the `--each` it excludes. */
function constraintOf(message: string): {readonly field: string; readonly issue: string} | undefined {
  const missing = [...message.matchAll(/^\s*Missing required flag ([\w-]+)/gm)].map(([, name]) => `--${name}`);
  if (missing.length > 0) return {field: missing.join(' and '), issue: 'missing'};
  const lonely = /^Flag (--[\w-]+) expects a value/.exec(message);
  if (lonely) return {field: lonely[1]!, issue: 'needs a value'};
  const needs = /must be provided when using (--[\w-]+): (--[\w-]+(?:, --[\w-]+)*)/.exec(message);
  if (needs) return {field: needs[1]!, issue: `needs ${needs[2]!.replaceAll(', ', ' and ')} too`};
  const excludes = /(--[\w-]+)(?:=.*)? cannot also be provided when using (--[\w-]+)/.exec(message);
  return excludes ? {field: excludes[2]!, issue: `does not go together with ${excludes[1]}`} : undefined;
}

function unknownFlag(flag: string, flagNames: readonly string[]): BoxyardError {
  const [typed] = flag.split('=');
  const near = nearest(typed!.replace(/^-+/, ''), flagNames);
  return new BoxyardError('UNKNOWN_FLAG', {what: 'option', name: typed, ...(near === undefined ? {} : {suggestion: `--${near}`})});
}

const firstLine = (message: string) =>
  message
    .split('\n')
    .filter(line => !line.startsWith('See more help'))
    .join(' ')
    .trim();
