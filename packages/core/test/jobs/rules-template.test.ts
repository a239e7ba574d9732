import fc from 'fast-check';
import {expect, test} from 'vitest';
import {type TemplateValues, expandPrompt, expandWord, unsafeName} from '../../src/jobs/rules-template.ts';

const values: TemplateValues = {
  role: 'builder',
  job: 'j-a',
  folders: ['shared/plans'],
  at: '2026-01-02T03:04:05.000Z',
  payload: '{"a":"{{SELF_ROLE_NAME}} `id` $(id)"}',
  workspace: '/workspace',
};
const prompt = (text: string, more: Partial<TemplateValues> = {}) => expandPrompt(text, {...values, ...more});

test('every name stands for its value, in whatever case, and what is no name stays', () => {
  expect(prompt('{{self_role_name}} {{ Self_Worker_Id }} {{DATETIME}} {{NOBODY}} {{}} {SELF_ROLE_NAME}')).toBe(
    'builder j-a 2026-01-02T03:04:05.000Z {{NOBODY}} {{}} {SELF_ROLE_NAME}',
  );
  expect(prompt('{{CLUSTER_HOME}} {{CLUSTER_SHARED_DIR}} {{SELF_WORK_DIR}} {{SELF_TMP_DIR}}')).toBe(
    '/workspace /workspace/shared /workspace /tmp',
  );
  expect(prompt('{{CLUSTER_SHARED_FOLDERS}}')).toBe('["/workspace/shared/plans"]');
  expect(prompt('{{CLUSTER_SHARED_DIR}} {{CLUSTER_SHARED_FOLDERS}}', {workspace: '.'})).toBe('shared ["shared/plans"]');
  expect(JSON.parse(prompt('{{WORKSPACE}}'))).toEqual({
    CLUSTER: {HOME: '/workspace', SHARED_DIR: '/workspace/shared', SHARED_FOLDERS: ['/workspace/shared/plans']},
    SELF: {ROLE_NAME: 'builder', WORKER_ID: 'j-a', WORK_DIR: '/workspace', TMP_DIR: '/tmp'},
  });
});

test('a payload is put in as it is and not looked at again; without one there is nothing', () => {
  expect(prompt('Do {{WEBHOOK_PAYLOAD}}.')).toBe(`Do ${values.payload}.`);
  expect(prompt('Do {{WEBHOOK_PAYLOAD}}.', {payload: '$& $1 $$'})).toBe('Do $& $1 $$.');
  expect(prompt('Do {{WEBHOOK_PAYLOAD}}.', {payload: undefined})).toBe('Do .');
});

test('in words of a command nothing is put in that a shell could take for more than a word', () => {
  fc.assert(
    fc.property(fc.string(), payload => {
      const word = 'echo {{SELF_WORKER_ID}} {{WEBHOOK_PAYLOAD}} {{WORKSPACE}} {{SELF_WORK_DIR}} {{DATETIME}}';
      const shown = expandWord(word, {...values, payload});
      expect(shown).toBe('echo j-a {{WEBHOOK_PAYLOAD}} {{WORKSPACE}} /workspace 2026-01-02T03:04:05.000Z');
    }),
  );
  expect(unsafeName('x {{ webhook_payload }}')).toBe('webhook_payload');
  expect(unsafeName('x {{SELF_WORKER_ID}} {{nobody}}')).toBeUndefined();
});
