import {expect, test} from 'vitest';
import {timing} from '../../src/config/index.ts';
import type {BoxyardError} from '../../src/errors/index.ts';
import {buildSpec} from '../../src/jobs/rules-spec-build.ts';
import {devboxSpec, runSpec} from '../../src/jobs/rules-spec.ts';
import type {SpecContext} from '../../src/jobs/rules-policy.ts';
import type {Profile} from '../../src/protocol/index.ts';

const context = (minimumProfile: Profile = 'open'): SpecContext => ({
  policy: {minimumProfile, defaultProfile: 'standard'},
  access: 'member',
  timing,
  workers: [{id: 'w-a', name: 'a', hasContainers: true, hasProcess: false}],
  joined: [{id: 'w-new', name: 'new'}],
  isLocalImage: () => false,
});
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    return (error as BoxyardError).code;
  }
};

test('no box begins in a folder that is a descriptor of its runtime, with a command or without', () => {
  for (const cwd of ['/proc/self/fd/8', '/./proc/self/fd/8', '//proc/1/root', '/a/../proc/self/fd/8', 'a']) {
    const seen = [
      codeOf(() => runSpec({cwd, image: 'a:1'}, context())),
      codeOf(() => runSpec({cwd, command: ['a']}, context())),
      codeOf(() => devboxSpec({cwd, name: 'a'}, 'd-a', context())),
    ];
    expect([cwd, ...seen]).toEqual([cwd, 'INVALID_INPUT', 'INVALID_INPUT', 'INVALID_INPUT']);
  }
  expect(codeOf(() => devboxSpec({cwd: '/srv', name: 'a'}, 'd-a', context()))).toBe('none');
});

test('where nothing weak may run, nothing is built: a build has the network', () => {
  const request = {ref: 'a:1', context: {blob: 'u-a', bytes: 1}};
  const profiles: Profile[] = ['open', 'standard', 'strict', 'offline'];
  expect(profiles.map(profile => codeOf(() => buildSpec(request, context(profile))))).toEqual(['none', 'none', 'FORBIDDEN', 'FORBIDDEN']);
});

test('what a build runs gets the memory and CPUs of standard, unless boxes of the tenant are open by default', () => {
  const request = {ref: 'a:1', context: {blob: 'u-a', bytes: 1}};
  expect(buildSpec(request, context())).toMatchObject({profile: 'standard', limits: {memoryBytes: 4 * 1024 ** 3, cpus: 2}});
  const open = {...context(), policy: {minimumProfile: 'open' as const, defaultProfile: 'open' as const}};
  expect(buildSpec(request, open)).toMatchObject({profile: 'open', needs: {profile: 'open'}, limits: {}});
});

test('a user that no engine could find is refused before anything runs', () => {
  for (const user of ['', '-x', '0:0 --privileged', 'a:', 'a:b:c', 'a\nb'])
    expect([user, codeOf(() => runSpec({user, command: ['a']}, context()))]).toEqual([user, 'INVALID_INPUT']);
  for (const user of ['0', '1000:1000', 'www-data', 'a_b.c:staff'])
    expect([user, codeOf(() => runSpec({user, command: ['a']}, context()))]).toEqual([user, 'none']);
});

test('a job may be for a machine that joined and never connected, whatever the others have; an unknown name is not found', () => {
  const none = {...context(), workers: []};
  for (const known of [context(), none]) expect(runSpec({worker: 'new', command: ['a']}, known).needs.worker).toBe('w-new');
  expect(codeOf(() => runSpec({worker: 'old', command: ['a']}, context()))).toBe('NOT_FOUND');
});

test('an engine that has no images is given none, and refuses one that is named', () => {
  const bare: SpecContext = {...context(), workers: [{id: 'w-a', name: 'a', hasContainers: true, hasProcess: false, imageless: ['bare']}]};
  const request = {command: ['true'], engine: 'bare', profile: 'open' as const};
  expect(runSpec(request, bare).box.image).toBeUndefined();
  expect(runSpec({...request, engine: 'podman'}, bare).box.image).toBe('docker.io/library/debian:12');
  expect(codeOf(() => runSpec({...request, image: 'a:1'}, bare))).toBe('INVALID_INPUT');
});

test('what is asked of a build is labelled, ours by its own name; without it the image’s own label stands', () => {
  const of = (more: {capabilities?: string[]}) => buildSpec({ref: 'a:1', context: {blob: 'u-a', bytes: 1}, ...more}, context());
  const label = 'io.boxyard.capabilities';
  expect(of({capabilities: ['display', 'claude', 'custom:x']})).toMatchObject({imageLabels: {[label]: 'display,custom:claude,custom:x'}});
  expect(JSON.stringify(of({}))).not.toContain(label);
});
