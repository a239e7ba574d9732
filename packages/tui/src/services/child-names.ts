import type {JobView} from '@boxyard/core/api';
import type {Client} from '@boxyard/core/client';

/**
 * What to call the children of a job: one of `--each worker` is its worker's from the first line on, others are what they are for,
 * a copy its number.
 */
export async function childNames(client: Client, parent: JobView): Promise<(child: JobView) => string> {
  const fanOut = parent.spec.kind === 'run' ? parent.spec.fanOut : undefined;
  const {each} = fanOut ?? {};
  if (each === 'worker') {
    const names = new Map((await client.workersList()).items.map(({id, name}) => [id, name]));
    return child => child.worker?.name ?? names.get(child.spec.needs.worker ?? '') ?? copyName(child);
  }
  const label = typeof each === 'object' && 'label' in each ? each.label : undefined;
  const hasCopies = (fanOut?.copies ?? 1) > 1;
  return child => {
    const copy = copyOf(child);
    const owner = label === undefined ? copy?.item : child.spec.needs.labels[label];
    const matrix = Object.values(copy?.matrix ?? {});
    const parts = [...(owner === undefined ? [] : [owner]), ...matrix];
    if (parts.length === 0) return copyName(child);
    return [...parts, ...(hasCopies ? [copyName(child)] : [])].join('/');
  };
}

const copyOf = (child: JobView) => (child.spec.kind === 'run' ? child.spec.copy : undefined);

const copyName = (child: JobView): string => {
  const copy = copyOf(child);
  return copy === undefined ? child.id.slice(0, 8) : String(copy.index);
};
