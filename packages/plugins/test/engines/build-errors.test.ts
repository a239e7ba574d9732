import {createServer} from 'node:http';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createHost} from '@boxyard/core/plugin-host';
import {afterAll, expect, it} from 'vitest';
import {buildFault} from '../../src/engines/docker-api/build-errors.ts';
import {createConnector} from '../../src/engines/docker-api/connector.ts';
import {EngineReport} from '../../src/engines/docker-api/engine-events.ts';

/** An engine that answers where it keeps its things, which is all that is asked of it here. */
const dir = await mkdtemp(path.join(tmpdir(), 'boxyard-build-'));
const socketPath = path.join(dir, 'engine.sock');
const server = createServer((_, response) => response.end(JSON.stringify({DockerRootDir: dir}))).listen(socketPath);
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, {recursive: true, force: true});
});

const api = createConnector({
  dialect: {name: 'podman', log: {Type: 'k8s-file', Config: {}}, logFormat: 'k8s-file', wait: 'process', resize: 'unsure', scratch: []},
  host: createHost('podman', dir, () => undefined),
  endpoints: () => [{socketPath}],
  explain: (_tried, code) => ({why: String(code)}),
}).at({socketPath});

const step = 'building at STEP "RUN make": while running runtime: exit status 2\n';
const unwritten =
  'building at STEP "COPY big /big": 3 errors occurred:\n\t* copier: put: error writing file "/big": write /big: no space left on device\n\n';

it.each([
  {name: 'a step that failed is the file’s', says: step, tail: 'wrong\n', fault: 'invalid', hint: undefined},
  {
    name: 'one that found no room says what to free',
    says: step,
    tail: 'cc: No space left on device\n',
    fault: 'invalid',
    hint: /boxyard images remove/,
  },
  {name: 'an engine that finds no room is not the file’s', says: unwritten, tail: '', fault: 'no-space', hint: /boxyard images remove/},
  {name: 'another failure of the engine is told as it is', says: 'no such stage', tail: '', fault: 'invalid', hint: undefined},
])('$name', async ({says, tail, fault, hint}) => {
  const found = (await buildFault(api, new EngineReport(says), {ref: 'localhost/x:1', tail})) as Error & {fault: string; hint?: string};
  expect(found.fault).toBe(fault);
  if (hint === undefined) expect(found.hint).toBeUndefined();
  else expect(found.hint).toMatch(hint);
  if (fault === 'no-space') expect(found.message).toMatch(/^the build of localhost\/x:1: \d+ MiB free under /);
  else expect(found.message).toBe(says);
});
