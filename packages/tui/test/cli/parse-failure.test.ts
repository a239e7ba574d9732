import {parse} from '@oclif/core/parser';
import {boolean, string} from '@oclif/core/flags';
import {describe, expect, test} from 'vitest';
import {BoxyardError} from '@boxyard/core/errors';
import {fromParseFailure} from '../../src/cli/parse-failure.ts';
import {inOptions} from '../../src/cli/request-fields.ts';

const flags = {
  repo: string({exclusive: ['dir']}),
  branch: string({dependsOn: ['repo']}),
  dir: string(),
  detach: boolean({char: 'd'}),
};

async function failureOf(...argv: readonly string[]): Promise<string> {
  const thrown = await parse([...argv], {flags, strict: true}).then(
    () => undefined,
    (error: unknown) => fromParseFailure(error, Object.keys(flags)),
  );
  return thrown instanceof BoxyardError ? `${thrown.code} ${thrown.message}` : String(thrown);
}

describe('what the parser throws is said in our words', () => {
  test.each([
    [['--branch', 'main'], 'INVALID_INPUT --branch: needs --repo too.'],
    [['--repo', 'a', '--dir', 'b'], 'INVALID_INPUT --repo: does not go together with --dir.'],
    [['--brnch', 'main'], 'UNKNOWN_FLAG Unknown option --brnch.'],
    [['-x'], 'UNKNOWN_FLAG Unknown option -x.'],
    [['word'], 'INVALID_INPUT word: not expected.'],
  ])('%s', async (argv, said) => {
    expect(await failureOf(...argv)).toBe(said);
  });

  test('an option without its value names the option', async () => {
    expect(await failureOf('--repo')).toBe('INVALID_INPUT --repo: needs a value.');
  });
});

test('options that have to be there are named as they are typed', async () => {
  const needed = {kind: string({required: true}), file: string({required: true})};
  const thrown: unknown = await parse([], {flags: needed, strict: true}).catch((error: unknown) =>
    fromParseFailure(error, ['kind', 'file']),
  );
  expect(thrown).toMatchObject({code: 'INVALID_INPUT', message: '--file and --kind: missing.'});
});

describe('what the server says of a field', () => {
  const said = (field: string, flagNames: readonly string[]) =>
    inOptions(new BoxyardError('INVALID_INPUT', {field, issue: 'too much'}), flagNames).message;

  test('is said of the option that was typed', () => {
    expect(said('memoryBytes', ['memory'])).toBe('--memory: too much.');
    expect(said('env.A', ['env'])).toBe('--env: too much.');
    expect(said('source.branch', ['branch'])).toBe('--branch: too much.');
  });

  test('stays as it is where the command has no such option', () => {
    expect(said('memoryBytes', ['image'])).toBe('memoryBytes: too much.');
    expect(said('elsewhere', ['memory'])).toBe('elsewhere: too much.');
  });
});
