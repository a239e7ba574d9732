import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect, test} from 'vitest';
import {asBoxyardError} from '@boxyard/core/errors';
import {openReporters, type Reporters} from '../../src/plugin-host/index.ts';

const event = {
  specversion: '1.0' as const,
  id: 'e-1',
  type: 'job.ended',
  source: 'boxyard',
  subject: 'jobs/j-1',
  time: '2026-01-01T00:00:00.000Z',
  tenant: 't-1',
  actor: 'worker:nas',
  seq: '1.1',
  data: {},
};

/** A stranger's module: its config is any object, `report` is the text of a function. */
const moduleOf = (name: string, report: string, more = '') => `
const schema = {'~standard': {version: 1, vendor: 'own', validate: value => value?.bad ? {issues: [{message: 'is bad'}]} : {value}}};
${more}
export default {kind: 'reporter', name: '${name}', api: {oldest: 1, newest: 1}, config: schema,
  create: (config, host) => ({report: ${report}})};
`;

async function plugins(sources: Readonly<Record<string, string>>): Promise<{reporters: Reporters; logged: unknown[]} & AsyncDisposable> {
  const dir = mkdtempSync(join(tmpdir(), 'bxp-'));
  const logged: unknown[] = [];
  const settings = Object.entries(sources).map(([name, source]) => {
    const file = join(dir, `${name}.mjs`);
    writeFileSync(file, source);
    return {module: pathToFileURL(file).href, config: {owner: 'wins'}};
  });
  const reporters = openReporters({
    settings,
    file: join(import.meta.dirname, '../../src/reporter-main.ts'),
    stateDir: join(dir, 'state'),
    now: Date.now,
    log: (level, message, fields) => void logged.push([level, message, fields]),
  });
  return {
    reporters,
    logged,
    [Symbol.asyncDispose]: async () => {
      await reporters.close();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

const tell = async (reporters: Reporters, plugin: string, config: object = {}, ms = 500) =>
  reporters.report(plugin, {id: 'h-1', version: '1', config}, {event, ms}).catch((error: unknown) => asBoxyardError(error).message);

test('a plugin that does what the contract says is told the event and its own config, under the owner’s', async () => {
  const report = 'async given => ({why: JSON.stringify([given.id, config])})';
  await using at = await plugins({good: moduleOf('good', report)});
  expect(await tell(at.reporters, 'good', {own: 1, owner: 'loses'})).toEqual({why: '["e-1",{"own":1,"owner":"wins"}]'});
  await expect(at.reporters.check('good', {})).resolves.toBeUndefined();
  await expect(at.reporters.check('good', {bad: true})).rejects.toMatchObject({code: 'PLUGIN_CONFIG'});
  await expect(at.reporters.check('nobody', {})).rejects.toMatchObject({code: 'NOT_FOUND'});
});

test.each([
  ['throws', '() => { throw new Error("boom") }', /Plugin odd failed in report: boom/],
  ['rejects with nothing', '() => Promise.reject(undefined)', /Plugin odd failed/],
  ['says a fault', '() => { throw host.fault("denied", "not you") }', /Plugin odd failed in report: not you/],
  ['answers nonsense', 'async () => 42', /it returned neither delivered, gone nor a reason/],
  ['answers nothing', 'async () => undefined', /it returned neither delivered, gone nor a reason/],
  ['answers what cannot be passed on', 'async () => ({why: () => 1})', /Plugin odd failed in report/],
  ['waits a time that is none', 'async () => ({why: "x", retryInMs: -1})', /a wait that is no number/],
  ['hangs', '() => new Promise(() => {})', /no answer within 500 ms/],
  ['never lets go', '() => { for (;;); }', /no answer within 500 ms/],
  ['exits', '() => process.exit(7)', /it ended its thread/],
  [
    'fails beside its answer',
    '() => { setTimeout(() => { throw new Error("late") }, 1); return new Promise(() => {}) }',
    /it ended with late/,
  ],
])('one that %s is named, and told again later', async (_what, report, message) => {
  const good = 'async () => "delivered"';
  await using at = await plugins({odd: moduleOf('odd', `config.isGood ? ${good} : ${report}`), other: moduleOf('other', good)});
  expect(await tell(at.reporters, 'odd')).toMatch(message);
  expect(await tell(at.reporters, 'other')).toBe('delivered');
  const again = () => at.reporters.report('odd', {id: 'h-1', version: '2', config: {isGood: true}}, {event, ms: 3_000});
  // The one that never lets go is ended after another second, and started anew.
  await expect(again().catch(again).catch(again)).resolves.toBe('delivered');
});

test('one that takes all memory of its thread is named, and told again later; the server has its own', async () => {
  // Bit by bit: at large pieces V8 may give up the whole process, whatever the limits of a thread say.
  const greedy = '() => { let last; for (;;) last = {last, is: Math.random()}; }';
  await using at = await plugins({odd: moduleOf('odd', greedy), other: moduleOf('other', 'async () => "delivered"')});
  expect(await tell(at.reporters, 'odd', {}, 20_000)).toMatch(/Plugin odd failed in report: it ended with .*memory/);
  expect(await tell(at.reporters, 'other')).toBe('delivered');
});

test('what one does to prototypes and globals it does to its own thread', async () => {
  const spoil = `
    Object.prototype.polluted = 'yes'; Array.prototype.map = () => 7; globalThis.fetch = () => 'mine';
    JSON.stringify = () => '{}'; Promise.prototype.then = Promise.prototype.then; process.env.SPOILT = 'yes';`;
  await using at = await plugins({
    odd: moduleOf('odd', 'async () => "delivered"', spoil),
    other: moduleOf('other', 'async () => ({why: String({}.polluted) + typeof fetch + process.env.SPOILT})'),
  });
  await tell(at.reporters, 'odd');
  expect(await tell(at.reporters, 'other')).toEqual({why: 'undefinedfunctionundefined'});
  expect(({} as {polluted?: string}).polluted).toBeUndefined();
  expect([process.env['SPOILT'], [1].map(String), JSON.stringify([1])]).toEqual([undefined, ['1'], '[1]']);
});

test.each(['../outside', 'a/b', '.', '', 'A', 'x'.repeat(33), '\u001b[2J'])(
  'one that is called %j is refused before it has a folder',
  async name => {
    await using at = await plugins({odd: moduleOf(name, 'async () => "delivered"')});
    await expect(at.reporters.check(name, {})).rejects.toMatchObject({code: 'NOT_FOUND'});
    expect(JSON.stringify(at.logged)).toContain('expected a name of small letters, digits and dashes');
    expect(JSON.stringify(at.logged)).not.toContain('\u001b');
  },
);

test('a module that does not load is named in the log, and the others are loaded', async () => {
  await using at = await plugins({
    broken: 'export default {kind: ',
    thrower: 'throw new Error("no")',
    leaver: 'process.exit(3)',
    engine: 'export default {kind: "engine", name: "e"}',
    good: moduleOf('good', 'async () => "delivered"'),
  });
  expect(await tell(at.reporters, 'good')).toBe('delivered');
  await expect(at.reporters.check('broken', {})).rejects.toMatchObject({code: 'NOT_FOUND'});
  const failed = at.logged.map(line => JSON.stringify(line)).filter(line => line.includes('was not loaded'));
  for (const name of ['broken', 'thrower', 'leaver', 'engine']) expect(failed.some(line => line.includes(`${name}.mjs`))).toBe(true);
});

test('a plugin sees nothing of the server’s environment, and its log lines carry its name', async () => {
  const report = 'async () => { host.log("info", "hello", {a: 1}); return {why: JSON.stringify(process.env)} }';
  process.env['BOXYARD_CANARY'] = 'canary';
  try {
    await using at = await plugins({good: moduleOf('good', report)});
    expect(await tell(at.reporters, 'good')).toEqual({why: '{}'});
    expect(at.logged).toContainEqual(['info', 'hello', {a: 1, plugin: 'good'}]);
  } finally {
    delete process.env['BOXYARD_CANARY'];
  }
});
