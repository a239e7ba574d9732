import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {yamlData} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {nearest} from '../cli/suggest.ts';

/** What `.boxyard.yaml` may say. It comes out of a repository, so it can never name a server, a context or a credential. */
export interface ProjectFile {
  readonly file: string;
  readonly image?: string;
  readonly engine?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly setup?: readonly string[];
  readonly ports?: readonly number[];
}

const isText = (value: unknown) => typeof value === 'string';
const isTextMap = (value: unknown) =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  Object.values(value).every(item => ['string', 'number', 'boolean'].includes(typeof item));
const fields: Readonly<Record<string, {readonly expected: string; readonly fits: (value: unknown) => boolean}>> = {
  image: {expected: 'a text', fits: isText},
  engine: {expected: 'a text', fits: isText},
  labels: {expected: 'names and values', fits: isTextMap},
  env: {expected: 'names and values', fits: isTextMap},
  setup: {expected: 'a command or a list of commands', fits: value => isText(value) || (Array.isArray(value) && value.every(isText))},
  ports: {
    expected: 'a list of port numbers',
    fits: value => Array.isArray(value) && value.every(port => Number.isInteger(port) && port > 0 && port < 65_536),
  },
};

/** The nearest `.boxyard.yaml` from `dir` upwards, checked; undefined where there is none. An unknown key is an error. */
export async function findProjectFile(dir: string): Promise<ProjectFile | undefined> {
  const file = findUpwards(dir);
  if (file === undefined) return undefined;
  const {parse} = await import('yaml');
  return checkProjectFile(file, yamlData(parse, readFileSync(file, 'utf8'), file));
}

function findUpwards(dir: string): string | undefined {
  const file = join(dir, '.boxyard.yaml');
  if (existsSync(file)) return file;
  const parent = dirname(dir);
  return parent === dir ? undefined : findUpwards(parent);
}

export function checkProjectFile(file: string, content: unknown): ProjectFile {
  if (content === null || content === undefined) return {file};
  if (typeof content !== 'object' || Array.isArray(content)) throw invalid(file, 'expected keys and values');
  for (const [key, value] of Object.entries(content)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) {
      const near = nearest(key, Object.keys(fields));
      throw invalid(
        file,
        `unknown key ${key}`,
        near === undefined ? `Allowed: ${Object.keys(fields).join(', ')}.` : `Did you mean ${near}?`,
      );
    }
    if (!field.fits(value)) throw invalid(file, `${key}: expected ${field.expected}`);
  }
  const {setup, labels, env, ...rest} = content as Record<string, unknown>;
  return {
    ...rest,
    file,
    ...(setup === undefined ? {} : {setup: isText(setup) ? [setup as string] : (setup as string[])}),
    ...(labels === undefined ? {} : {labels: asTexts(labels)}),
    ...(env === undefined ? {} : {env: asTexts(env)}),
  };
}

const asTexts = (map: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(map as Record<string, unknown>).map(([key, value]) => [key, String(value)]));

const invalid = (file: string, issue: string, hint = 'It may set image, engine, labels, env, setup and ports.') =>
  new BoxyardError('CONFIG_INVALID', {file, issue, hint});
