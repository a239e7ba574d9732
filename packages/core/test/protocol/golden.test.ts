import {readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {OLDEST_SUPPORTED, PROTOCOL_VERSION, decode, fromAgent, fromServer, type FromAgent} from '../../src/protocol/index.ts';

const golden = join(import.meta.dirname, '../../src/protocol/golden');
const versions = Array.from({length: PROTOCOL_VERSION - OLDEST_SUPPORTED + 1}, (_, index) => OLDEST_SUPPORTED + index);
const directions = [
  {name: 'from-agent', schemas: fromAgent},
  {name: 'from-server', schemas: fromServer},
] as const;

describe.each(versions)('protocol version %i', version => {
  describe.each(directions)('$name', ({name, schemas}) => {
    const folder = join(golden, `v${version}`, name);

    it.each(readdirSync(folder))('still reads %s whole', file => {
      const text = readFileSync(join(folder, file), 'utf8');
      const decoded = decode<FromAgent>(schemas, text);
      expect(decoded.kind).toBe('message');
      expect(decoded).toHaveProperty('message', expect.objectContaining(JSON.parse(text) as object));
    });
  });
});

it('has a golden file for every message of the newest version', () => {
  for (const {name, schemas} of directions) {
    const files = readdirSync(join(golden, `v${PROTOCOL_VERSION}`, name));
    expect(files.sort()).toEqual(
      Object.keys(schemas)
        .map(type => `${type}.json`)
        .sort(),
    );
  }
});
