import {BoxyardError} from '../errors/index.ts';
import {MOST_CHILDREN, type Copy, type FanOut, type JobSpec} from '../protocol/index.ts';
import {checkCommand} from '../security/names.ts';
import {isBounded} from './rules-totals.ts';

/** For whom the children of `each` are, decided when their parent is accepted: ids of workers, or values of the label. */
export type Targets = readonly string[];

/** How many children all of it makes, before `only`. */
export const wholeCount = (fanOut: FanOut, targets: Targets | undefined): number =>
  ownersOf(fanOut, targets).length * combinations(fanOut) * (fanOut.copies ?? 1);

export const countOf = (fanOut: FanOut, targets: Targets | undefined): number => fanOut.only?.length ?? wholeCount(fanOut, targets);

/** Refuses what can never be made or never end well; with `targets` undefined what depends on them is not looked at. */
export function checkFanOut(fanOut: FanOut, targets?: Targets, path = 'fanOut'): void {
  const {copies, each, matrix, failurePolicy, gather} = fanOut;
  if (Array.isArray(gather)) checkCommand(gather);
  if (copies === undefined && each === undefined && Object.keys(matrix ?? {}).length === 0)
    throw invalid(path, 'copies, each or matrix is needed');
  const upper = Object.keys(matrix ?? {}).map(name => name.toUpperCase());
  if (new Set(upper).size < upper.length) throw invalid(`${path}.matrix`, 'two names differ only in upper and lower case');
  if (targets === undefined && (each === 'worker' || (each !== undefined && 'label' in each))) return;
  const count = countOf(fanOut, targets);
  if (count > MOST_CHILDREN) throw invalid(path, `makes ${count} children; at most ${MOST_CHILDREN} are allowed`);
  if (fanOut.only?.some(index => index >= wholeCount(fanOut, targets))) throw invalid(`${path}.only`, 'names a child that there is not');
  if (typeof failurePolicy === 'object' && failurePolicy.quorum > count)
    throw invalid(`${path}.failurePolicy`, `a quorum of ${failurePolicy.quorum} cannot be met by ${count} children`);
}

const invalid = (field: string, issue: string): BoxyardError => new BoxyardError('INVALID_INPUT', {field, issue});

export interface ChildPart {
  readonly copy: Copy;
  readonly worker?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What the child at this position is for: copies vary fastest, then the matrix with its last name first, then `each`. */
export function childPart(fanOut: FanOut, targets: Targets | undefined, position: number): ChildPart {
  const index = fanOut.only?.[position] ?? position;
  const owners = ownersOf(fanOut, targets);
  const perOwner = combinations(fanOut) * (fanOut.copies ?? 1);
  const owner = owners[Math.floor(index / perOwner)];
  const matrix = combination(fanOut, Math.floor((index % perOwner) / (fanOut.copies ?? 1)));
  const {each} = fanOut;
  const isListed = typeof each === 'object' && 'list' in each;
  const copy = {
    index,
    count: wholeCount(fanOut, targets),
    ...(isListed && owner !== undefined ? {item: owner} : {}),
    ...(matrix === undefined ? {} : {matrix}),
  };
  if (owner === undefined || isListed || each === undefined) return {copy};
  return each === 'worker' ? {copy, worker: owner} : {copy, labels: {[each.label]: owner}};
}

function ownersOf({each}: FanOut, targets: Targets | undefined): readonly (string | undefined)[] {
  if (each === undefined) return [undefined];
  return typeof each === 'object' && 'list' in each ? each.list : (targets ?? []);
}

const combinations = ({matrix}: FanOut): number => Object.values(matrix ?? {}).reduce((product, values) => product * values.length, 1);

function combination({matrix}: FanOut, number: number): Record<string, string> | undefined {
  if (matrix === undefined) return undefined;
  const chosen: [string, string][] = [];
  let rest = number;
  for (const [name, values] of Object.entries(matrix).reverse()) {
    chosen.push([name, values[rest % values.length]!]);
    rest = Math.floor(rest / values.length);
  }
  return Object.fromEntries(chosen.reverse());
}

/** Whether the end of one child may let others begin or end, so that its parent must be looked at. */
export const wakesParent = (fanOut: FanOut): boolean => fanOut.parallel !== undefined || isBounded(fanOut);

/** What the environment of a child says of its place. */
export const copyEnv = ({index, count, item, matrix = {}}: Copy): Record<string, string> => ({
  BOXYARD_COPY_INDEX: String(index),
  BOXYARD_COPY_COUNT: String(count),
  ...(item === undefined ? {} : {BOXYARD_ITEM: item}),
  ...Object.fromEntries(Object.entries(matrix).map(([name, value]) => [`BOXYARD_MATRIX_${name.toUpperCase()}`, value])),
});

export const fanOutOf = (spec: JobSpec): FanOut => (spec.kind === 'run' && spec.fanOut) || {copies: 1};

/** Its place among the children, where it is one. */
export const copyOf = (spec: JobSpec): Copy | undefined => (spec.kind === 'run' ? spec.copy : undefined);

/** The same job with none of its children but these. */
export const onlyChildren = (spec: JobSpec, only: readonly number[]): JobSpec =>
  spec.kind === 'run' && spec.fanOut !== undefined ? {...spec, fanOut: {...spec.fanOut, only: [...only]}} : spec;
