import {describe, expect, test} from 'vitest';
import {reduce, wordsOf} from '../../src/dashboard/reduce.ts';
import {devbox, empty, full, job, now, type} from './state-for-tests.ts';

describe('jobs and their log', () => {
  test('the log follows the job under the cursor', () => {
    const {state, effects} = reduce(empty(), {type: 'jobs', items: [job('one')]});
    expect(effects).toEqual([{type: 'follow', job: 'j-one'}]);
    expect(type({...state, jobs: [job('one'), job('two')]}, 'down').effects).toEqual([{type: 'follow', job: 'j-two'}]);
  });

  test('a list that comes again does not start the log again', () => {
    expect(reduce(full(), {type: 'jobs', items: [job('one'), job('two')]}).effects).toEqual([]);
  });

  test('the cursor stays on its job when rows move', () => {
    const {state} = type(full(), 'down');
    const moved = reduce(state, {type: 'jobs', items: [job('new'), job('one'), job('two', {state: 'ended'})]}).state;
    expect(type(moved, 'c').state.notice?.text).toBe('This job has ended.');
  });

  test('late bytes of a job that was left are dropped', () => {
    expect(reduce(full(), {type: 'log', job: 'j-two', text: 'late\n'}).state.log.lines).toEqual([]);
  });

  test('who looks back keeps seeing the same lines', () => {
    const lines = reduce(full(), {type: 'log', job: 'j-one', text: 'a\nb\nc\n'}).state;
    const back = type({...lines, focus: 'log'}, 'up').state;
    expect(back.log.back).toBe(1);
    expect(reduce(back, {type: 'log', job: 'j-one', text: 'd\n'}).state.log.back).toBe(2);
  });
});

describe('keys', () => {
  test('r asks for a command and runs it', () => {
    expect(type(full(), 'r', ...'echo hi', 'enter').effects).toEqual([{type: 'run', command: ['echo', 'hi']}]);
    expect(type(full(), 'r', 'x', 'backspace', 'backspace').state.prompt).toBeUndefined();
  });

  test('what a shell would understand goes to a shell', () => {
    expect(wordsOf('ls -la /tmp')).toEqual(['ls', '-la', '/tmp']);
    expect(wordsOf('a | b')).toEqual(['sh', '-c', 'a | b']);
  });

  test('s starts a stopped DevBox at once and asks before it stops a running one', () => {
    const stopped = type({...full(), focus: 'devboxes'}, 'down', 's');
    expect(stopped.effects).toEqual([{type: 'start', devbox: 'db'}]);
    const running = type(full(), 's');
    expect(running.effects).toEqual([]);
    expect(type(running.state, 'y').effects).toEqual([{type: 'stop', devbox: 'web'}]);
    expect(type(running.state, 'n')).toMatchObject({effects: [], state: {question: undefined}});
  });

  test('c asks before it cancels', () => {
    expect(type(full(), 'c', 'y').effects).toEqual([{type: 'cancel', job: 'j-one'}]);
    expect(type(full(), 'c', 'escape').effects).toEqual([]);
  });

  test('a key that can do nothing says why', () => {
    expect(type(empty(), 'c').state.notice?.text).toBe('There is no job.');
    const creating = reduce(full(), {type: 'devboxes', items: [devbox('new', 'creating')]}).state;
    expect(type(creating, 's').state.notice?.text).toBe('new is creating.');
  });

  test.each([
    ['workers', 'workers'],
    ['w', 'workers'],
    ['devboxes', 'devboxes'],
    ['jobs', 'jobs'],
  ])(':%s shows one pane whole, escape all of them again', (word, pane) => {
    const {state} = type(full(), ':', ...word, 'enter');
    expect([state.focus, state.zoom]).toEqual([pane, pane]);
    expect(type(state, 'escape').state.zoom).toBeUndefined();
  });

  test('an unknown command is answered with the nearest', () => {
    expect(type(full(), ':', ...'wrkers', 'enter').state.notice?.text).toContain('Did you mean workers?');
  });

  test('q goes back from a whole pane and quits from the start', () => {
    const {state, effects} = type(full(), 'enter', 'q');
    expect([state.zoom, effects]).toEqual([undefined, []]);
    expect(type(state, 'q').effects).toEqual([{type: 'quit'}]);
  });

  test('Ctrl-C quits the second time, and only if nothing came between', () => {
    expect(type(full(), 'ctrl-c').state.isLeaving).toBe(true);
    expect(type(full(), 'ctrl-c', 'ctrl-c').effects).toEqual([{type: 'quit'}]);
    expect(type(full(), 'ctrl-c', 'j', 'ctrl-c').effects.filter(effect => effect.type === 'quit')).toEqual([]);
    expect(type(full(), 'r', 'ctrl-c', 'ctrl-c').effects).toEqual([{type: 'quit'}]);
  });
});

test('a notice goes by itself, an error stays', () => {
  const said = reduce(full(), {type: 'said', text: 'boxyard run -- x', isError: false}).state;
  expect(reduce(said, {type: 'ticked', now: now + 10_000}).state.notice).toBeUndefined();
  const error = reduce(full(), {type: 'said', text: 'no', isError: true}).state;
  expect(reduce(error, {type: 'ticked', now: now + 10_000}).state.notice?.text).toBe('no');
});
