import {expect, test} from 'vitest';
import {newAttemptId, newId, timing} from '../../src/config/index.ts';
import {specOf} from '../../src/jobs/rules-recovered.ts';
import type {JobRecord} from '../../src/jobs/rules-record.ts';
import {runSpec} from '../../src/jobs/rules-spec.ts';
import {type SpecContext} from '../../src/jobs/rules-policy.ts';
import type {RunRequest} from '../../src/api/index.ts';
import {jobStart} from '../../src/workers/job-start.ts';

const context: SpecContext = {
  policy: {minimumProfile: 'open', defaultProfile: 'standard'},
  access: 'owner',
  timing,
  joined: [],
  workers: [{id: newId('w'), name: 'nas', hasContainers: true, hasProcess: false}],
  isLocalImage: () => false,
};

function startOf(spec: JobRecord['spec']) {
  const record = {
    v: 1,
    id: newId('j'),
    tenant: newId('t'),
    kind: spec.kind,
    actor: 'user:anna',
    spec,
    attempt: {number: 1, id: newAttemptId()},
    state: 'sent',
    group: 'g',
    worker: {id: newId('w'), name: 'nas'},
    engine: 'podman',
    box: 'box-1',
    phases: [],
    tries: 0,
    createdAt: 1,
  } satisfies JobRecord;
  return jobStart(record, '1-0', {installation: 'x', timing});
}

test.each<[string, RunRequest]>([
  ['a plain run', {command: ['make', 'test'], image: 'debian:12'}],
  ['one with input, environment, folder and user', {command: ['cat'], image: 'a:1', stdin: true, env: {A: 'b'}, cwd: '/srv', user: 'box'}],
  ['one of a repository', {command: ['make'], image: 'a:1', source: {kind: 'repo', url: 'https://git.example/a.git', branch: 'main'}}],
  [
    'one with files in and out',
    {command: ['make'], image: 'a:1', source: {kind: 'dir', blob: `u-${'a'.repeat(26)}`, bytes: 5}, out: ['dist']},
  ],
])('%s is read back from its steps', (_what, request) => {
  const spec = runSpec(request, context);
  const back = specOf(startOf(spec));
  expect(back).toMatchObject({
    kind: 'run',
    box: {image: (spec as {box: {image?: string}}).box.image, main: request.command, env: request.env ?? {}},
    profile: spec.profile,
    out: request.out ?? [],
    needs: {slots: 1, memoryBytes: spec.needs.memoryBytes},
    ...(request.source === undefined ? {} : {source: request.source}),
  });
});

test('what makes no spec is none, whatever an agent says', () => {
  const plain = startOf(runSpec({command: ['a'], image: 'a:1'}, context));
  expect(specOf({...plain, kind: 'exec'})).toBeUndefined();
  expect(specOf({...plain, kind: 'devbox.create'})).toBeUndefined();
  expect(specOf({...plain, steps: [{do: 'container.remove', box: 'b'}]})).toBeUndefined();
});
