import {describe, expect, test} from 'vitest';
import {contracts, routes, type Contract, type RouteName} from '../../src/api/index.ts';
import {startTestDoor} from '../door-for-tests.ts';

/** What the server alone decides, under every name that it, or somebody before it, has for it. */
const serverSet = [
  'id',
  'tenant',
  'tenantId',
  'owner',
  'ownerId',
  'actor',
  'epoch',
  'generation',
  'attempt',
  'state',
  'outcome',
  'source_',
  'createdAt',
  'updatedAt',
  'quota',
  'used',
  'floor',
  'privileges',
  'privileged',
  'mounts',
  'binds',
  'HostConfig',
  'agentId',
  'box',
  'credential',
  'verb',
  'v',
];

/** What comes with it is handed to the role's program as it is, and decides nothing here. */
const opaque: readonly RouteName[] = ['rolesTrigger'];
const withBody = (Object.keys(contracts) as RouteName[]).filter(
  name => (contracts[name] as Contract).body !== undefined && !opaque.includes(name),
);
type Issue = {readonly code: string; readonly keys?: readonly string[]; readonly errors?: readonly (readonly Issue[])[]};
/** Of a body that may be one of several, by each of them. */
const unknownKeys = (issues: readonly Issue[]): string[] => [
  ...new Set(issues.flatMap(({keys = [], errors = []}) => [...keys, ...errors.flatMap(unknownKeys)])),
];
/** Fields of a request that share a name with one the server sets elsewhere. */
const own: Partial<Record<RouteName, readonly string[]>> = {devboxesAdopt: ['box']};

describe('what the server sets is not taken from a request', () => {
  test.each(withBody)('%s', name => {
    const body = (contracts[name] as Contract).body!;
    for (const field of serverSet.filter(each => own[name]?.includes(each) !== true)) {
      const issues = body.safeParse({[field]: 'mine'}).error?.issues ?? [];
      expect(unknownKeys(issues as readonly Issue[]), field).toEqual([field]);
    }
  });

  test('and the door answers 400 to each of them', async () => {
    await using door = await startTestDoor();
    for (const name of withBody) {
      const {method, path, verb} = routes[name];
      if (verb === 'none') continue;
      const answer = await fetch(`${door.url}${path.replace(/:\w+/g, 'x')}`, {
        method,
        headers: {authorization: `Bearer ${door.line}`, 'content-type': 'application/json'},
        body: JSON.stringify({tenantId: 'mine'}),
      });
      expect([name, answer.status]).toEqual([name, 400]);
    }
  });
});
