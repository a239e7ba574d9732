import {describe, expect, test} from 'vitest';
import {livePanes} from '../../src/dashboard/panes.ts';
import {commandOf} from '../../src/dashboard/prompts.ts';
import {cursorOf, rowsOf, shownHomeRows} from '../../src/dashboard/rows.ts';
import {memoryOf, placeOf, type State} from '../../src/dashboard/state.ts';
import {devbox, empty, full, happen, job, now, session, told, type, whole, worker} from './state-for-tests.ts';

const page = (state: State) => placeOf(state).page;
const lastSaid = (state: State) => state.messages.at(-1)?.text;
const on = (name: string, state = full()) => type(state, ':', ...name, 'enter').state;

describe('Home', () => {
  test('what asks stands first, then each worker with what failed, runs, is quiet, is stopped', () => {
    const rows = shownHomeRows(full()).map(row => (row.is === 'heading' ? `# ${row.text}` : `${row.rank} ${row.name}`));
    expect(rows).toEqual([
      '# asks for you (1)',
      'asks web/shell',
      '# laptop',
      'running web/dev',
      'quiet web/top',
      '# nas',
      'failed run',
      'running run',
      'stopped db',
    ]);
  });

  test('a run on several workers waits for none of them', () => {
    const children = {total: 2, queued: 0, running: 2, succeeded: 0, failed: 0, cancelled: 0, lost: 0};
    const state = happen(empty(), told(whole('jobs', [job('one', {children}), job('two', {state: 'queued'})]))).state;
    const headings = shownHomeRows(state).flatMap(row => (row.is === 'heading' ? [row.text] : []));
    expect(headings).toEqual(['waiting for a worker', 'several workers']);
  });

  test('a failure is news for an hour', () => {
    const later = {...full(), now: now + 3_700_000};
    expect(shownHomeRows(later).some(row => row.is !== 'heading' && row.rank === 'failed')).toBe(false);
  });

  test('space goes to the next that asks, round and from any page', () => {
    const two = happen(full(), told({list: 'jobs', items: [session('more', 'asks', {name: 'zeta'})]})).state;
    const first = type(two, ' ').state;
    expect(cursorOf(first)).toBe('j-more');
    expect(cursorOf(type(first, ' ').state)).toBe('j-ask');
    expect(lastSaid(type(empty(), ' ').state)).toBe('No session asks for you.');
  });

  test('enter takes the keyboard of a session, and the leader gives it back', () => {
    const taken = type(full(), 'enter');
    expect(taken.effects).toEqual([{type: 'take', job: 'j-ask'}]);
    expect(livePanes(taken.state)).toMatchObject([{job: 'j-ask', isCaptured: true}]);
    expect(happen(taken.state, {type: 'leader', command: 'leave'}).state.mode).toEqual({is: 'normal'});
  });

  test('the leader and space take the keyboard of the next that asks', () => {
    const two = happen(full(), told({list: 'jobs', items: [session('more', 'asks', {name: 'zeta'})]})).state;
    const taken = happen(type(two, 'enter').state, {type: 'leader', command: 'next'});
    expect(taken.state.mode).toEqual({is: 'capture', job: 'j-more'});
  });

  test('a session that ends gives the keyboard back and says so; what is still typed into it does nothing', () => {
    const taken = type(full(), 'enter').state;
    const ended = happen(taken, told({list: 'jobs', items: [session('ask', 'asks', {state: 'ended', outcome: 'succeeded', v: 2})]})).state;
    expect(lastSaid(ended)).toBe('The session has ended.');
    const typedOn = type(ended, 'D', 'o', 'y', 'q');
    expect(typedOn.effects).toEqual([]);
    expect(type(typedOn.state, 'enter').state.mode).toEqual({is: 'normal'});
  });

  test('one live screen is opened, of the session under the cursor; none on a narrow terminal until it is asked for', () => {
    expect(livePanes(full()).map(pane => pane.job)).toEqual(['j-ask']);
    expect(livePanes(full(80, 24))).toEqual([]);
    expect(livePanes(type(full(80, 24), 'tab').state).map(pane => pane.job)).toEqual(['j-ask']);
  });

  test('on a DevBox without a terminal enter opens one, and it is typed into as soon as it is there', () => {
    const alone = happen(empty(), told(whole('devboxes', [devbox('web')]))).state;
    expect(type(alone, 'enter').effects).toEqual([{type: 'open-terminal', devbox: 'web', name: 'shell'}]);
    const opened = happen(alone, {type: 'opened', job: session('new', 'busy')});
    expect(opened.effects).toEqual([{type: 'take', job: 'j-new'}]);
    expect(memoryOf(opened.state, 'home').cursor).toBe('j-new');
  });

  test('the log follows the job under the cursor; late bytes of another are dropped', () => {
    const jobs = happen(empty(), told(whole('jobs', [job('one'), job('two')]))).state;
    expect(jobs.log.job).toBe('j-one');
    const down = type(jobs, 'down').state;
    expect(down.log).toMatchObject({job: 'j-two', lines: []});
    expect(happen(down, {type: 'log', job: 'j-one', text: 'late\n'}).state.log.lines).toEqual([]);
  });
});

describe('what the server tells', () => {
  test('a terminal that opens late does not take keys that mean something else by now', () => {
    const typing = type(full(), ':', ...'run').state;
    const opened = happen(typing, {type: 'opened', job: session('new', 'busy')});
    expect(opened.effects).toEqual([]);
    expect(opened.state.mode).toEqual(typing.mode);
  });

  test('what came late does not undo what is newer', () => {
    const newer = happen(full(), told({list: 'jobs', items: [job('one', {v: 5, state: 'ended', outcome: 'succeeded'})]})).state;
    const late = happen(newer, told(whole('jobs', [job('one', {v: 4})]))).state;
    expect(late.data.jobs.get('j-one')?.state).toBe('ended');
  });

  test('what is in no list any more is gone, and a page about it says so', () => {
    const open = type(on('workers'), 'enter').state;
    const gone = happen(open, told(whole('workers', [worker('nas')]))).state;
    expect(page(gone)).toBe('worker');
    expect(gone.data.workers.has('w-laptop')).toBe(false);
  });
});

describe('tables', () => {
  test.each(['workers', 'devboxes', 'jobs', 'images', 'sessions', 'events', 'messages', 'settings', 'commands'])(
    ':%s opens it, esc leads Home',
    name => {
      expect(page(on(name))).toBe(name);
      expect(page(type(on(name), 'escape').state)).toBe('home');
    },
  );

  test.each([
    ['2', 'devboxes'],
    ['5', 'workers'],
    ['1', 'home'],
  ])('%s goes to %s', (key, name) => {
    expect(page(type(full(), key).state)).toBe(name);
  });

  test('a filter works while it is typed, and escape takes it back', () => {
    const typed = type(on('workers'), '/', ...'na').state;
    expect(rowsOf(typed).ids).toEqual(['w-nas']);
    expect(rowsOf(type(typed, 'enter').state).ids).toEqual(['w-nas']);
    expect(rowsOf(type(typed, 'escape').state).ids).toHaveLength(2);
    expect(rowsOf(type(typed, 'enter', 'escape').state).ids).toHaveLength(2);
  });

  test.each([
    ['!nas', ['w-laptop']],
    ['~lp', ['w-laptop']],
    ['-l disk=fast', ['w-nas']],
    ['-l disk', ['w-nas']],
  ])('/%s', (filter, ids) => {
    const labelled = happen(on('workers'), told({list: 'workers', items: [{...worker('nas'), labels: {disk: 'fast'}}]})).state;
    expect(rowsOf(type(labelled, '/', ...filter, 'enter').state).ids).toEqual(ids);
  });

  test('s orders by the next column, S reverses, and the page remembers it', () => {
    const reversed = type(on('workers'), 'S').state;
    expect(rowsOf(reversed).ids).toEqual(['w-nas', 'w-laptop']);
    expect(rowsOf(type(reversed, 'escape', '5').state).ids).toEqual(['w-nas', 'w-laptop']);
    expect(memoryOf(type(on('workers'), 's').state).sort?.column).toBe('STATUS');
  });

  test('what is marked is done to at once', () => {
    const marked = type(on('workers'), ' ', ' ', 'C');
    expect(marked.effects).toEqual([
      {type: 'deed', deed: {do: 'workers.cordon', worker: 'laptop'}},
      {type: 'deed', deed: {do: 'workers.cordon', worker: 'nas'}},
    ]);
    expect(memoryOf(marked.state).marks).toEqual([]);
  });

  test('an unknown command is answered with the nearest', () => {
    expect(lastSaid(on('wrkers'))).toContain('Did you mean workers?');
  });
});

describe('changes', () => {
  test('r asks for a command and runs it; the command that does the same stands in the footer', () => {
    const run = type(full(), 'r', ...'echo hi', 'enter');
    expect(run.effects).toEqual([{type: 'deed', deed: {do: 'run', command: ['echo', 'hi']}}]);
    expect(run.state.commands.at(-1)).toMatchObject({line: 'boxyard run --detach -- echo hi', outcome: 'sent'});
    expect(type(full(), 'r', 'x', 'backspace', 'backspace').state.mode.is).toBe('normal');
  });

  test('what a shell would understand goes to a shell', () => {
    expect(commandOf('ls -la /tmp')).toEqual(['ls', '-la', '/tmp']);
    expect(commandOf('a | b')).toEqual(['sh', '-c', 'a | b']);
  });

  test('removing is not asked about and can be undone', () => {
    const removed = type(on('devboxes'), 'D');
    expect(removed.effects).toEqual([{type: 'deed', deed: {do: 'devboxes.remove', devbox: 'db'}}]);
    expect(type(removed.state, 'z').effects).toMatchObject([{type: 'deed', deed: {do: 'devboxes.restore', devbox: 'db'}}]);
    expect(lastSaid(type(full(), 'z').state)).toBe('There is nothing to undo.');
  });

  test('stopping and cancelling are asked about; anything but y is no', () => {
    const asked = type(on('devboxes'), 'down', 'O');
    expect(asked.effects).toEqual([]);
    expect(type(asked.state, 'y').effects).toEqual([{type: 'deed', deed: {do: 'devboxes.stop', devbox: 'web'}}]);
    expect(type(asked.state, 'enter').effects).toEqual([]);
    expect(type(on('jobs'), 'c', 'y').effects).toMatchObject([{deed: {do: 'terminals.close'}}]);
  });

  test('what cannot be undone takes the name', () => {
    const asked = type(on('devboxes'), 'ctrl-x');
    expect(type(asked.state, ...'d', 'enter').effects).toEqual([]);
    expect(type(asked.state, ...'db', 'enter').effects).toEqual([{type: 'deed', deed: {do: 'devboxes.remove-now', devbox: 'db'}}]);
  });

  test('a key that can do nothing says why', () => {
    expect(lastSaid(type(on('devboxes'), 'u').state)).toBeUndefined();
    expect(lastSaid(type(on('devboxes'), 'O').state)).toBe('db is stopped.');
    expect(lastSaid(type(empty(), 't').state)).toBe('There is no DevBox here.');
  });

  test('what a change came to is shown: an error stays until it was seen', () => {
    const sent = type(full(), 'r', 'x', 'enter').state;
    const failed = happen(
      sent,
      {type: 'done', line: 'boxyard run --detach -- x', isError: true, text: 'No worker.'},
      {type: 'ticked', now: now + 60_000},
    ).state;
    expect(failed.commands.at(-1)?.outcome).toBe('failed');
    expect(failed.isMessageShown).toBe(true);
    expect(type(failed, 'escape').state.isMessageShown).toBe(false);
  });
});

describe('the form of a new DevBox', () => {
  const filled = (name: string, ...keys: readonly string[]) => type(full(), 'n', 'ctrl-u', ...name, ...keys, 'ctrl-s');

  test('is checked before anything is sent, with the cursor on what is wrong', () => {
    const taken = filled('web');
    expect(taken.effects).toEqual([]);
    expect(taken.state.mode).toMatchObject({is: 'form', form: {at: 0}});
    expect(taken.state.mode.is === 'form' && taken.state.mode.form.fields[0]?.issue).toBe('There is a web already.');
    expect(filled('Bad Name').effects).toEqual([]);
  });

  test('sends what was typed and chosen', () => {
    const made = filled('api', 'down', ...'node:24', 'down', 'down', 'down', 'right');
    expect(made.effects).toEqual([
      {type: 'deed', deed: {do: 'devboxes.create', request: {name: 'api', image: 'node:24', worker: 'laptop'}}},
    ]);
  });

  test('a pasted text goes into the field, and its letters are no keys', () => {
    const pasted = happen(type(full(), 'n', 'down').state, {type: 'paste', text: 'quay.io/a/b:1\n'}).state;
    expect(pasted.mode.is === 'form' && pasted.mode.form.fields[1]?.line.text).toBe('quay.io/a/b:1 ');
    expect(happen(full(), {type: 'paste', text: 'qD'})).toMatchObject({effects: []});
  });
});

describe('leaving', () => {
  test('q goes back, and quits from Home; escape never quits', () => {
    expect(type(on('jobs'), 'q').effects).toEqual([]);
    expect(type(full(), 'q').effects).toEqual([{type: 'quit'}]);
    expect(type(full(), 'escape', 'escape').effects).toEqual([]);
  });

  test('ctrl-c twice quits, also with something open', () => {
    expect(type(full(), 'ctrl-c').effects).toEqual([]);
    expect(type(full(), ':', 'ctrl-c', 'ctrl-c').effects).toEqual([{type: 'quit'}]);
    expect(type(full(), 'ctrl-c', 'j', 'ctrl-c').effects).toEqual([]);
  });
});

describe('the command line from within', () => {
  test.each([
    ['! tokens list', ['tokens', 'list']],
    ['!secrets set \'a b\' "c \\"d\\""', ['secrets', 'set', 'a b', 'c "d"']],
    ['! boxyard doctor', ['doctor']],
  ])(':%s', (line, words) => {
    expect(type(full(), ':', ...line, 'enter').effects).toEqual([{type: 'cli', words}]);
  });

  test('a quote that is left open is said, and nothing runs', () => {
    const {state, effects} = type(full(), '!', ..."run 'x", 'enter');
    expect([effects, lastSaid(state)]).toEqual([[], 'A quote is left open.']);
  });
});
