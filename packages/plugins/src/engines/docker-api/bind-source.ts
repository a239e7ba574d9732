import {realpath} from 'node:fs/promises';
import path from 'node:path';
import type {Host} from '@boxyard/core/plugin-api';
import type {Endpoint} from './api.ts';
import {nameOf} from './endpoint.ts';

/** Mounting one of these, or a parent of one, hands over the machine. */
const FORBIDDEN = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
  '/boot',
  '/etc',
  '/var/lib/docker',
  '/var/lib/containers',
  '/var/lib/containerd',
];

/** The resolved path, or an `invalid` fault: what counts is where the source leads, not how it is spelled. */
export const refuseDangerousSource = async (source: string, host: Host): Promise<string> => {
  if (!path.isAbsolute(source)) throw host.fault('invalid', `${source} is not an absolute path`);
  const resolved = await realpath(source).catch(() => {
    throw host.fault('invalid', `${source} is not on this machine`);
  });
  const isForbidden = FORBIDDEN.some(place => within(resolved, place) || within(place, resolved));
  if (isForbidden || resolved.endsWith('.sock')) throw host.fault('invalid', `${source} may not be mounted into a box`);
  return resolved;
};

/** What is at an address may be on another machine, where the source is something else or nothing. */
export const refuseElsewhere = (endpoint: Endpoint, host: Host): void => {
  if ('socketPath' in endpoint || ['localhost', '127.0.0.1', '[::1]'].includes(endpoint.host)) return;
  throw host.fault('unsupported', `a directory of this machine: the engine is at ${nameOf(endpoint)}`);
};

const within = (inner: string, outer: string): boolean => outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
