import {readFile} from 'node:fs/promises';
import {isAbsolute, join} from 'node:path';
import {boolean, string} from '@oclif/core/flags';
import type {RunRequest} from '@boxyard/core/api';
import {BoxyardError} from '@boxyard/core/errors';
import {repeated, whole} from './flags.ts';
import {readAll} from './read-all.ts';

type FanOut = NonNullable<RunRequest['fanOut']>;
const policies = ['all', 'first', 'best-effort'] as const;

/** Which children a job has and what their ends mean for it. */
export const fanOutFlags = {
  copies: whole('copies', {min: 1, max: 10_000})({description: 'so many times; BOXYARD_COPY_INDEX tells them apart'}),
  each: string({
    description: 'once on every worker, for every value of a label, or for every line of a file (BOXYARD_ITEM; - is stdin)',
    helpValue: 'worker|label=NAME|list=FILE',
  }),
  matrix: repeated({
    description: 'once for each value, as BOXYARD_MATRIX_NAME; several make every combination; may be repeated',
    helpValue: 'NAME=A,B',
  }),
  parallel: whole('parallel', {min: 1, max: 10_000})({description: 'so many of them at one time'}),
  'failure-policy': string({
    description: 'how many must succeed: all (default), quorum=N, first (the others are then cancelled), best-effort (any)',
    helpValue: 'all|quorum=N|first|best-effort',
  }),
  gather: string({
    description:
      'one result of all: json, concat (what they wrote), or a command that a worker runs with the JSON as stdin; jobs result shows it',
    helpValue: 'json|concat|COMMAND',
  }),
  'fail-fast': boolean({description: 'cancel the others once the end is certain'}),
};

export interface FanOutGiven {
  readonly copies?: number | undefined;
  readonly each?: string | undefined;
  readonly matrix?: readonly string[] | undefined;
  readonly parallel?: number | undefined;
  readonly 'failure-policy'?: string | undefined;
  readonly 'fail-fast'?: boolean | undefined;
  readonly gather?: string | undefined;
}

interface Here {
  readonly cwd: string;
  readonly stdin: AsyncIterable<unknown>;
}

/** Undefined where the job has no children. */
export async function fanOutOf(flags: FanOutGiven, here: Here): Promise<FanOut | undefined> {
  const {copies, matrix, parallel} = flags;
  const policy = flags['failure-policy'];
  if (copies === undefined && flags.each === undefined && matrix === undefined) {
    const lonely = (['parallel', 'failure-policy', 'fail-fast', 'gather'] as const).find(
      name => flags[name] !== undefined && flags[name] !== false,
    );
    if (lonely !== undefined) throw invalid(`--${lonely}`, 'needs --copies, --each or --matrix too');
    return undefined;
  }
  return {
    ...(copies === undefined ? {} : {copies}),
    ...(flags.each === undefined ? {} : {each: await eachOf(flags.each, here)}),
    ...(matrix === undefined ? {} : {matrix: matrixOf(matrix)}),
    ...(parallel === undefined ? {} : {parallel}),
    ...(policy === undefined ? {} : {failurePolicy: policyOf(policy)}),
    ...(flags['fail-fast'] ? {failFast: true} : {}),
    ...(flags.gather === undefined ? {} : {gather: gatherOf(flags.gather)}),
  };
}

function gatherOf(text: string): NonNullable<FanOut['gather']> {
  if (text.trim() === '') throw invalid('--gather', 'expected json, concat or a command, got nothing');
  return text === 'json' || text === 'concat' ? text : ['sh', '-c', text];
}

async function eachOf(text: string, here: Here): Promise<NonNullable<FanOut['each']>> {
  if (text === 'worker') return 'worker';
  const [, kind, value] = /^(label|list)=(.+)$/.exec(text) ?? [];
  if (kind === 'label') return {label: value!};
  if (kind !== 'list') throw invalid('--each', `expected worker, label=NAME or list=FILE, got ${text === '' ? 'nothing' : text}`);
  const list = (await linesOf(value!, here)).map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#'));
  if (list.length === 0) throw invalid('--each', `${value} has no line`);
  return {list};
}

async function linesOf(file: string, {cwd, stdin}: Here): Promise<string[]> {
  const text = file === '-' ? await readAll(stdin) : await read(isAbsolute(file) ? file : join(cwd, file), file);
  return text.split(/\r?\n/);
}

const read = (path: string, named: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const issue = error.code === 'ENOENT' ? 'is not there' : error.code === 'EISDIR' ? 'is a directory' : error.message;
    throw invalid('--each', `${named} ${issue}`);
  });

function matrixOf(given: readonly string[]): NonNullable<FanOut['matrix']> {
  const matrix: Record<string, string[]> = {};
  for (const one of given) {
    const [, name = '', values = ''] = /^([A-Za-z_][A-Za-z0-9_]{0,62})=(.+)$/s.exec(one) ?? [];
    if (name === '') throw invalid('--matrix', `expected NAME=A,B, got ${one}`);
    if (Object.keys(matrix).some(known => known.toUpperCase() === name.toUpperCase())) throw invalid('--matrix', `${name} is given twice`);
    matrix[name] = values.split(',');
  }
  return matrix;
}

/** Also as two words, `quorum 3`, as a file of a cluster has it. */
export function policyOf(text: string): NonNullable<FanOut['failurePolicy']> {
  const known = policies.find(policy => policy === text);
  if (known !== undefined) return known;
  const quorum = Number(/^quorum[= ](\d+)$/.exec(text)?.[1]);
  if (Number.isSafeInteger(quorum) && quorum >= 1) return {quorum};
  throw invalid('--failure-policy', `expected all, quorum=N, first or best-effort, got ${text === '' ? 'nothing' : text}`);
}

const invalid = (field: string, issue: string): BoxyardError => new BoxyardError('INVALID_INPUT', {field, issue});
