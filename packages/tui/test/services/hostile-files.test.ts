import {mkdtempSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {resolveConfig} from '@boxyard/agent/config';
import {readClusterFile} from '../../src/services/cluster-file.ts';
import {findProjectFile} from '../../src/services/project-file.ts';
import {readUserConfig} from '../../src/services/user-config.ts';

const deep = (times: number) => `${'{"a":'.repeat(times)}1${'}'.repeat(times)}`;
const levels = Array.from({length: 12}, (_, at) => `${letter(at + 1)}: &${letter(at + 1)} [${`*${letter(at)},`.repeat(9)}]`);

/** What a file that somebody else wrote may try with whoever reads it. */
const payloads: Readonly<Record<string, string>> = {
  'a prototype': '__proto__: {polluted: yes}\n',
  'a prototype in a value': 'env: {__proto__: {polluted: yes}}\n',
  'a prototype by merging': 'base: &base {__proto__: {polluted: yes}}\nenv: {<<: *base}\n',
  'a constructor': 'constructor: {prototype: {polluted: yes}}\n',
  'an object of JavaScript': 'image: !!js/function "() => { globalThis.polluted = true }"\n',
  'names that name each other': `${letter(0)}: &${letter(0)} [x,x,x]\n${levels.join('\n')}\n`,
  'many merges': `a: &a {b: 1}\n${Array.from({length: 200}, (_, at) => `k${at}: {<<: [${'*a,'.repeat(20)}]}`).join('\n')}\n`,
  'much depth': deep(1_000),
  'many documents': '---\nimage: a\n---\nimage: b\n',
  'a list': '- a\n- b\n',
  'no text': Buffer.from([0xff, 0xfe, 0, 1]).toString('latin1'),
};

function letter(at: number): string {
  return `n${at}`;
}

const readers: Readonly<Record<string, (dir: string, text: string) => unknown>> = {
  'config.yaml': (dir, text) => {
    writeFileSync(join(dir, 'config.yaml'), text, {mode: 0o600});
    return readUserConfig(join(dir, 'config.yaml'));
  },
  '.boxyard.yaml': (dir, text) => {
    mkdirSync(join(dir, '.git'));
    writeFileSync(join(dir, '.boxyard.yaml'), text);
    return findProjectFile(dir);
  },
  'team.yaml': (dir, text) => {
    writeFileSync(join(dir, 'team.yaml'), text);
    return readClusterFile(join(dir, 'team.yaml'));
  },
  'agent.yaml': (dir, text) => {
    writeFileSync(join(dir, 'agent.yaml'), text, {mode: 0o600});
    return resolveConfig({}, {AGENT_CONFIG: join(dir, 'agent.yaml'), HOME: dir});
  },
};

describe.each(Object.entries(readers))('%s', (_name, reader) => {
  test.each(Object.entries(payloads))('with %s is refused, or read as nothing but data, and soon', async (_what, text) => {
    const dir = mkdtempSync(join(tmpdir(), 'boxyard-hostile-'));
    const began = performance.now();
    try {
      const read: unknown = await (async () => reader(dir, text))().catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toMatchObject({code: expect.stringMatching(/^(CONFIG_INVALID|INVALID_INPUT)$/)});
    } finally {
      rmSync(dir, {recursive: true, force: true});
    }
    expect(performance.now() - began).toBeLessThan(10_000);
    expect([({} as Record<string, unknown>)['polluted'], (globalThis as Record<string, unknown>)['polluted']]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
