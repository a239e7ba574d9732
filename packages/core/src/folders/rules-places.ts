import type {JobRecord} from '../jobs/rules-record.ts';

/** A folder of a cluster, and where a job finds it, relative to its workspace. */
export interface Place {
  readonly folder: string;
  readonly at: string;
}

/** Where what one copy of a run brings lies, for jobs and for people: `shared/out/<run>/<index>` (R31). */
const outFolder = (run: string, copy: string): string => `shared/out/${run}/${copy}`;
const privateFolder = (run: string, copy: string): string => `private/${run}/${copy}`;

export const runOf = (record: Pick<JobRecord, 'id' | 'parent'>): string => record.parent ?? record.id;

type Job = Pick<JobRecord, 'id' | 'parent' | 'index' | 'gathers' | 'origin'>;

/** The job that gathers is no copy. */
const copyOf = ({index = 0, gathers}: Job): string => (gathers === true ? 'gather' : String(index));

/** Of those folders, what the copies of its run brought, and of earlier runs what was not done again, as if it were of this one. */
export function broughtPlaces(record: Job & Pick<JobRecord, 'earlier'>, folders: readonly string[]): Place[] {
  const run = runOf(record);
  const own = outFolder(run, copyOf(record));
  const of = (each: string, isOurs: (copy: string) => boolean) =>
    folders.flatMap(folder => {
      const copy = folder.startsWith(outFolder(each, '')) ? folder.slice(outFolder(each, '').length) : undefined;
      return copy === undefined || folder === own || !isOurs(copy) ? [] : [{folder, at: outFolder(run, copy)}];
    });
  const earlier = (record.earlier ?? []).flatMap(({run: each, except}) => {
    const again = new Set(except.map(String));
    return of(each, copy => /^\d+$/.test(copy) && !again.has(copy));
  });
  return [...of(run, () => true), ...earlier];
}

/** The folders of a job of a role; none where the role has none. Pure. */
export function placesOf(record: Job): Place[] {
  const {origin} = record;
  const plan = origin?.folders;
  if (origin === undefined || plan === undefined) return [];
  const run = runOf(record);
  const copy = copyOf(record);
  const out = outFolder(run, copy);
  return [
    ...plan.shared.map(name => ({folder: sharedPath(name), at: sharedPath(name)})),
    {folder: out, at: out},
    ...plan.role.map(name => ({folder: `roles/${origin.role.id}/${name}`, at: `role/${name}`})),
    ...(plan.keepPrivateMs === undefined ? [] : [{folder: privateFolder(run, copy), at: 'private'}]),
  ];
}

/** Of a folder of all roles: on the server, and below a job's workspace. */
export const sharedPath = (name: string): string => `shared/${name}`;

/** Where in a folder a path of the workspace lies; undefined where it lies in none. */
export function inFolder(places: readonly Place[], path: string): {readonly folder: string; readonly path: string} | undefined {
  const place = places.find(({at}) => path.startsWith(`${at}/`));
  return place === undefined ? undefined : {folder: place.folder, path: path.slice(place.at.length + 1)};
}

/** What its program is told of them: relative to the workspace, which is where it begins. */
export const placesEnv = (record: JobRecord): Record<string, string> =>
  record.origin?.folders === undefined ? {} : {BOXYARD_OUT_DIR: outFolder(runOf(record), copyOf(record))};

/** A folder's path as people write it, split: which folder, and what in it. Undefined where it can name none. */
export function splitPath(path: string): {readonly folder: string; readonly rest: string} | undefined {
  const names = path.split('/').filter(name => name !== '');
  const depth =
    names[0] === 'shared' && names[1] !== 'out' ? 2 : names[0] === 'shared' ? 4 : names[0] === 'roles' || names[0] === 'private' ? 3 : 0;
  if (depth === 0 || names.length < depth) return undefined;
  return {folder: names.slice(0, depth).join('/'), rest: names.slice(depth).join('/')};
}
