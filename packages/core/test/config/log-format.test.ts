import {expect, test} from 'vitest';
import {lastWords, logFormat, logSink} from '../../src/config/index.ts';
import {BoxyardError} from '../../src/errors/index.ts';

test('a person at a terminal gets words, everything else JSON, and either may be asked for', () => {
  expect([logFormat(undefined, true), logFormat(undefined, false)]).toEqual(['text', 'json']);
  expect([logFormat('json', true), logFormat('text', false)]).toEqual(['json', 'text']);
  expect(() => logFormat('pretty', true)).toThrow(/expected json or text, got pretty/);
});

test('words say when, how bad, what and about what, and cannot take a terminal over', () => {
  const lines: string[] = [];
  const sink = logSink('text', text => lines.push(text));
  const line = {
    level: 40,
    time: 0,
    part: 'agent',
    pid: 1,
    why: 'closed \u001b[2J\u202e',
    engines: ['podman', 'docker'],
    msg: 'no connection',
  };
  sink.write(`${JSON.stringify(line)}\n`);
  expect(lines.join('')).toMatch(/^\d\d:\d\d:\d\d warning: no connection \(why closed {1,2}\[2J ?, engines podman docker\)\n$/);
  sink.write(`${JSON.stringify({level: 30, time: 0, err: {message: 'it broke', stack: 'at x'}, msg: 'a job'})}\n`);
  expect(lines[1]).toMatch(/ a job \(err it broke\)\n$/);
});

test('the error that ends a program reaches a terminal as words alone', () => {
  const foreign = 'a\u001b]0;owned\u0007b\u009b2J\u202ec\rd';
  const said = lastWords(new BoxyardError('CONFIG_INVALID', {}, {message: `${foreign}\nsecond`, hint: foreign}));
  expect(said).toBe('a ]0;owned b 2J c d\nsecond\na ]0;owned b 2J c d\n');
});
