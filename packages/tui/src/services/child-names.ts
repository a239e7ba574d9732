import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';

/** What to call the children of a job: one of `--each worker` is its worker's from the first line on, a copy its number. */
export async function childNames(client: Client, parent: JobView): Promise<(child: JobView) => string> {
  const isPerWorker = parent.spec.kind === 'run' && parent.spec.fanOut !== undefined && 'each' in parent.spec.fanOut;
  if (!isPerWorker) return copyName;
  const names = new Map((await client.workersList()).items.map(({id, name}) => [id, name]));
  return child => child.worker?.name ?? names.get(child.spec.needs.worker ?? '') ?? copyName(child);
}

const copyName = (child: JobView): string => {
  const copy = child.spec.kind === 'run' ? child.spec.copy : undefined;
  return copy === undefined ? child.id.slice(0, 8) : String(copy.index);
};
