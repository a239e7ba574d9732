/** Whether what a plugin returned is what the contract says. Each returns what is wrong, or nothing. */
import type {Chunk} from '../plugin-api/index.ts';

type Wrong = string | undefined;
const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object';
const isText = (value: unknown): value is string => typeof value === 'string';
const isLabels = (value: unknown): boolean => isObject(value) && Object.values(value).every(isText);

export const wrongProbe = (value: unknown): Wrong => {
  if (!isObject(value) || typeof value['usable'] !== 'boolean') return 'no probe';
  if (!value['usable']) return isText(value['why']) ? undefined : 'unusable without a reason';
  if (!isText(value['version']) || !isLabels(value['labels'])) return 'a probe without version or labels';
  return Array.isArray(value['enforces']) && value['enforces'].every(isText) ? undefined : 'a probe without enforces';
};

const BOX_METHODS = ['inspect', 'start', 'stop', 'remove', 'wait', 'output'];

export const wrongBox = (value: unknown, name?: string): Wrong => {
  if (!isObject(value) || !isText(value['name']) || !isLabels(value['labels'])) return 'no box';
  if (name !== undefined && value['name'] !== name) return `the box ${value['name']} where ${name} was asked for`;
  const missing = BOX_METHODS.filter(method => typeof value[method] !== 'function');
  return missing.length === 0 ? undefined : `a box without ${missing.join(', ')}`;
};

export const wrongBoxes = (value: unknown): Wrong =>
  Array.isArray(value) ? value.map(one => wrongBox(one)).find(wrong => wrong !== undefined) : 'no list of boxes';

export const wrongExit = (value: unknown): Wrong =>
  isObject(value) && (Number.isInteger(value['code']) || isText(value['unknown'])) ? undefined : 'no exit';

export const wrongState = (value: unknown): Wrong => {
  if (!isObject(value) || !isText(value['is'])) return 'no state';
  if (value['is'] === 'exited') return wrongExit(value['exit']) ?? (isText(value['at']) ? undefined : 'an end without a time');
  return ['created', 'running', 'paused', 'gone'].includes(value['is']) ? undefined : `the state ${value['is']}`;
};

export const wrongProcess = (value: unknown): Wrong =>
  isObject(value) &&
  isObject(value['stdin']) &&
  isObject(value['output']) &&
  typeof value['wait'] === 'function' &&
  typeof value['kill'] === 'function'
    ? undefined
    : 'no process';

/** Offsets only grow: a gap is allowed, a step back would show bytes twice. */
export const wrongChunk = (value: unknown, next: {stdout: number; stderr: number}): Wrong => {
  if (!isObject(value) || (value['stream'] !== 'stdout' && value['stream'] !== 'stderr')) return 'no chunk';
  if (!(value['bytes'] instanceof Uint8Array) || !Number.isSafeInteger(value['offset'])) return 'a chunk without bytes or offset';
  const chunk = value as unknown as Chunk;
  return chunk.offset < next[chunk.stream] ? `${chunk.stream} at ${chunk.offset} again, after ${next[chunk.stream]}` : undefined;
};

export const wrongReported = (value: unknown): Wrong => {
  if (value === 'delivered' || value === 'gone') return undefined;
  if (!isObject(value) || !isText(value['why'])) return 'neither delivered, gone nor a reason';
  const {retryInMs} = value;
  return retryInMs === undefined || (typeof retryInMs === 'number' && retryInMs >= 0) ? undefined : 'a wait that is no number';
};
