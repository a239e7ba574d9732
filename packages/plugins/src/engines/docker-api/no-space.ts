import {statfs} from 'node:fs/promises';
import type {Api} from './api.ts';

/** As the kernel says it, and every program after it. */
export const NO_SPACE = /no space left on device|disk quota exceeded/i;
export const MAKE_ROOM = 'boxyard images list and boxyard images remove make room there; then try again.';

/** With less than this an engine unpacks nothing, whatever it says of it. */
const FULL_BYTES = 2 * 1024 * 1024;

/**
 * A call that failed, as a disk that is full, if it is: the engine says so, or one of the places it writes to has no room left.
 * Undefined if it is not.
 */
export const noSpaceFault = async (api: Api, error: unknown, doing: string): Promise<Error | undefined> => {
  const {json, message} = error as {json?: {message?: string}; message?: string};
  const store = await storeOf(api);
  const places = [...(store === undefined ? [] : [store]), ...api.dialect.scratch];
  const free = await Promise.all(places.map(async dir => ({dir, bytes: await freeBytes(dir)})));
  const tightest = free.filter(({bytes}) => bytes !== undefined).toSorted((a, b) => a.bytes! - b.bytes!)[0];
  const isFull = tightest !== undefined && tightest.bytes! < FULL_BYTES;
  if (!isFull && !NO_SPACE.test(json?.message ?? message ?? String(error))) return undefined;
  const where = tightest === undefined ? '' : `: ${Math.floor(tightest.bytes! / 1024 ** 2)} MiB free under ${tightest.dir}`;
  return api.host.fault('no-space', `${doing}${where}`, {hint: MAKE_ROOM, cause: error});
};

/** Where the engine keeps images and boxes. */
const storeOf = (api: Api): Promise<string | undefined> =>
  api.docker.info().then(
    info => (info as {DockerRootDir?: string}).DockerRootDir,
    () => undefined,
  );

/** Undefined where it cannot be seen from here, as in another machine. */
const freeBytes = (dir: string): Promise<number | undefined> =>
  statfs(dir).then(
    ({bavail, bsize, files, ffree}) => (files > 0 && ffree === 0 ? 0 : bavail * bsize),
    () => undefined,
  );
