import type {ClusterView, JobView, RoleView} from '@boxyard/core/api';
import type {Data} from '../data.ts';

/** A role, and the cluster it is of. */
export interface ClusterRole extends RoleView {
  readonly cluster: ClusterView;
}

const made = new WeakMap<Data['clusters'], readonly ClusterRole[]>();

export function rolesOf(clusters: Data['clusters']): readonly ClusterRole[] {
  const known = made.get(clusters) ?? [...clusters.values()].flatMap(cluster => cluster.roles.map(role => ({...role, cluster})));
  made.set(clusters, known);
  return known;
}

/** Runs of all its roles that go on, or wait. */
export const runsOf = ({roles}: ClusterView, field: 'running' | 'queued'): number => roles.reduce((sum, role) => sum + role[field], 0);

/** Runs of a cluster or of one role, the newest first. */
export const jobsOf = (jobs: Data['jobs'], id: string): readonly JobView[] =>
  [...jobs.values()]
    .filter(({origin, parent}) => parent === undefined && (origin?.cluster.id === id || origin?.role.id === id))
    .toSorted(newestFirst);

const newestFirst = (a: JobView, b: JobView): number => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0);

/** The run whose log is worth reading: the newest that goes on, else the newest. */
export function currentRun(jobs: Data['jobs'], id: string): JobView | undefined {
  const runs = jobsOf(jobs, id);
  return runs.find(isRunning) ?? runs[0];
}

/** Who writes the log of a run: it itself, or of its children the newest that goes on, else one that failed, else the newest. */
export function writerOf(jobs: Data['jobs'], run: JobView): JobView | undefined {
  if (run.children === undefined) return run;
  const children = [...jobs.values()].filter(({parent}) => parent === run.id).toSorted(newestFirst);
  return children.find(isRunning) ?? children.find(({outcome}) => outcome === 'failed') ?? children[0];
}

const isRunning = ({state}: JobView): boolean => state === 'running' || state === 'sent';
