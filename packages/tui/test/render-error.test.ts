import {describe, expect, test} from 'vitest';
import {BoxyardError, catalogue, type ErrorCode} from '@boxyard/core/errors';
import {withOwnHelp} from '../src/cli/define-command.ts';
import {exitCodes} from '../src/cli/help-topics.ts';
import {exitCodeOf, renderError} from '../src/render-error.ts';

const style = {json: false, debug: false, runsCommand: false};

describe('an error on stderr', () => {
  test('is what happened, then what to do next', () => {
    expect(renderError(new BoxyardError('NO_SERVER'), style)).toBe(
      'No Boxyard server here.\nboxyard up -d, then the same command; for a server elsewhere: boxyard login\n',
    );
  });

  test('is one document with its exit code in JSON', () => {
    const text = renderError(new BoxyardError('NOT_FOUND', {what: 'job', name: 'j-1'}), {...style, json: true});
    expect(JSON.parse(text)).toMatchObject({error: {code: 'NOT_FOUND', message: 'No job j-1.', exitCode: 5}});
  });

  test('in JSON has what a terminal might obey as its number', () => {
    const text = renderError(new BoxyardError('NOT_FOUND', {what: 'job', name: '\u009b2J\u202e\u007f'}), {...style, json: true});
    expect(text).toMatch(/^[\n -~]*$/);
    expect((JSON.parse(text) as {error: {details: object}}).error.details).toMatchObject({name: '\u009b2J\u202e\u007f'});
  });

  test('of ours names its log last, where there is one', () => {
    const lines = renderError(new BoxyardError('INTERNAL'), {...style, logFile: '/tmp/x.log'}).split('\n');
    expect(lines.slice(1)).toEqual(['Please report it, with its log.', 'Log: /tmp/x.log', '']);
    expect(renderError(new BoxyardError('INTERNAL'), style)).not.toMatch(/below|above/);
  });

  test('of a wrong line points to the help of its command, and never to the API', () => {
    const wrong = withOwnHelp(new BoxyardError('INVALID_INPUT', {field: 'JOB', issue: 'missing'}), 'jobs show');
    expect(renderError(wrong, style)).toBe('JOB: missing.\nboxyard jobs show --help\n');
    const unknown = withOwnHelp(new BoxyardError('UNKNOWN_FLAG', {name: '--what'}), 'run');
    expect(renderError(unknown, style)).toBe('Unknown option --what.\nboxyard run --help\n');
    const better = new BoxyardError('INVALID_INPUT', {field: 'a', issue: 'b', hint: 'do c'});
    expect(withOwnHelp(better, 'run')).toBe(better);
  });

  test('shows no stack unless asked', () => {
    const error = new BoxyardError('INTERNAL', {}, {cause: new Error('deep')});
    expect(renderError(error, {...style, logFile: '/tmp/x.log'})).not.toContain('deep');
    expect(renderError(error, {...style, logFile: '/tmp/x.log'})).toContain('/tmp/x.log');
    expect(renderError(error, {...style, debug: true})).toContain('deep');
  });

  test('cannot carry a terminal away', () => {
    expect(renderError(new BoxyardError('NOT_FOUND', {what: 'job', name: '\u001b]52;c;eA==\u0007'}), style)).not.toContain('\u001b');
  });
});

describe('exit codes', () => {
  test.each(Object.keys(catalogue) as ErrorCode[])('%s has one of the documented codes', code => {
    expect([1, 2, 4, 5, 6, 7, 8, 124, 130]).toContain(exitCodeOf(new BoxyardError(code), {runsCommand: false}));
  });

  test('every one the catalogue uses is in the table that help and docs show', () => {
    const shown = new Set(exitCodes.map(([code]) => Number(code)));
    for (const code of Object.keys(catalogue) as ErrorCode[])
      for (const runsCommand of [false, true]) expect(shown).toContain(exitCodeOf(new BoxyardError(code), {runsCommand}));
  });

  test('run and exec say 125 for failures that are not the command’s', () => {
    const code = (name: ErrorCode) => exitCodeOf(new BoxyardError(name), {runsCommand: true});
    expect([code('NO_SERVER'), code('ENGINE_UNAVAILABLE'), code('NOT_FOUND')]).toEqual([125, 125, 125]);
    expect([code('INVALID_INPUT'), code('REQUEST_TIMEOUT'), code('INTERRUPTED')]).toEqual([2, 124, 130]);
  });
});
