import type {
  ClusterView,
  DeadLetterView,
  DeliveryView,
  DevBoxView,
  EventView,
  ImageView,
  JobView,
  PluginView,
  WebhookView,
  WorkerView,
} from '@boxyard/core/api';

/** What the server said last, by id. */
export interface Data {
  readonly workers: ReadonlyMap<string, WorkerView>;
  readonly devboxes: ReadonlyMap<string, DevBoxView>;
  readonly jobs: ReadonlyMap<string, JobView>;
  /** By worker, engine and id: the same image is many. */
  readonly images: ReadonlyMap<string, ImageView>;
  readonly clusters: ReadonlyMap<string, ClusterView>;
  readonly webhooks: ReadonlyMap<string, WebhookView>;
  readonly plugins: ReadonlyMap<string, Plugin>;
  /** The newest last. */
  readonly events: readonly EventView[];
  readonly loaded: readonly ListName[];
}

/** Where it runs, what it is and how it is called tell it apart. */
export interface Plugin extends PluginView {
  readonly id: string;
}

/** Of one webhook, the newest first. */
export interface Sent {
  readonly webhook: string;
  readonly deliveries: readonly DeliveryView[];
  readonly letters: readonly DeadLetterView[];
}

/** What a DevBox uses now; 100 % is one processor. */
export interface Figure {
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}
/** By the DevBox's id. */
export type Figures = Readonly<Record<string, Figure>>;

export type ListName = 'workers' | 'devboxes' | 'jobs' | 'images' | 'clusters' | 'webhooks' | 'plugins';
export type Item<L extends ListName> = Data[L] extends ReadonlyMap<string, infer T> ? T : never;

/** `whole`: what is not among the items is gone. */
export type Change = {
  readonly [L in ListName]: {
    readonly list: L;
    readonly items: readonly Item<L>[];
    readonly gone?: readonly string[];
    readonly whole?: true;
    /** Also what is older than what was known: the server forgot. */
    readonly isAnew?: boolean;
  };
}[ListName];

export const noData: Data = {
  workers: new Map(),
  devboxes: new Map(),
  jobs: new Map(),
  images: new Map(),
  clusters: new Map(),
  webhooks: new Map(),
  plugins: new Map(),
  events: [],
  loaded: [],
};

const mostEvents = 1_000;
const mostJobs = 5_000;

export const imageKey = (image: ImageView): string => `${image.worker.id}/${image.engine}/${image.id}`;

const keyOf = (list: ListName, item: {readonly id: string}): string => (list === 'images' ? imageKey(item as ImageView) : item.id);

/** What came late does not undo what is newer. */
export function changed(data: Data, change: Change): Data {
  const {list, whole, isAnew = false} = change;
  const before = data[list] as ReadonlyMap<string, {readonly id: string; readonly v?: number}>;
  const items = change.items as readonly {readonly id: string; readonly v?: number}[];
  const after = new Map(whole ? [] : before);
  for (const item of items) {
    const key = keyOf(list, item);
    const known = before.get(key);
    after.set(key, !isAnew && known?.v !== undefined && item.v !== undefined && known.v > item.v ? known : item);
  }
  for (const id of change.gone ?? []) after.delete(id);
  if (list === 'jobs' && after.size > mostJobs) forgetOldest(after as Map<string, JobView>);
  const loaded = whole && !data.loaded.includes(list) ? [...data.loaded, list] : data.loaded;
  return {...data, [list]: after, loaded};
}

function forgetOldest(jobs: Map<string, JobView>): void {
  const ended = [...jobs.values()].filter(job => job.state === 'ended').sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  for (const job of ended.slice(0, jobs.size - mostJobs)) jobs.delete(job.id);
}

export const withEvents = (data: Data, events: readonly EventView[]): Data => ({
  ...data,
  events: [...data.events, ...events].slice(-mostEvents),
});

/** Commands at a terminal that have not ended. */
export const isLiveSession = (job: JobView): boolean => job.state !== 'ended' && ttyOf(job) !== undefined;

/** Desktops that can be watched, or will be in a moment. */
export const isOpenDisplay = (job: JobView): boolean => job.kind === 'display' && job.state !== 'ended';

export function ttyOf({spec}: JobView): unknown {
  if (spec.kind === 'run') return spec.tty;
  return spec.kind === 'exec' ? spec.command.tty : undefined;
}
