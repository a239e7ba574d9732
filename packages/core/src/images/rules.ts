import {z} from 'zod';
import {BoxyardError} from '../errors/index.ts';
import {imageCandidates} from '../security/image-ref.ts';

/**
 * The full name of an image: registry, path, and tag or digest. A name without a registry is `localhost/<name>` where that
 * image is known on a worker, else Docker Hub's.
 */
export function fullImageName(name: string, isLocal: (full: string) => boolean = () => false): string {
  const names = imageCandidates(name);
  return names.find((each, at) => at < names.length - 1 && isLocal(each)) ?? names.at(-1)!;
}

/** Names and tags of snapshots; they live on their worker, under `localhost/`. */
export function snapshotRef(name: string, tag = 'latest'): string {
  if (!/^[a-z0-9][a-z0-9._-]{1,63}$/.test(name))
    throw new BoxyardError('INVALID_INPUT', {
      field: 'name',
      issue: '2 to 64 of a-z, 0-9, dot, dash, underscore, beginning with a letter or digit',
    });
  if (!/^[A-Za-z0-9._-]{1,63}$/.test(tag))
    throw new BoxyardError('INVALID_INPUT', {field: 'tag', issue: '1 to 63 of letters, digits, dot, dash, underscore'});
  return `localhost/${name}:${tag}`;
}

/** Those that Boxyard itself gives a meaning. */
const OURS: ReadonlySet<string> = new Set(['display']);

/** Those of the image and each asked, `custom:<name>` but for ours, joined by commas in the label `io.boxyard.capabilities`. */
export function capabilitiesLabel(inherited: readonly string[], asked: readonly string[]): string {
  for (const name of asked)
    if (!/^[^,\s][^,]{0,39}$/.test(name))
      throw new BoxyardError('INVALID_INPUT', {field: 'capabilities', issue: `${name}: up to 40 characters, no commas`});
  const wanted = asked.map(name => (OURS.has(name) || name.startsWith('custom:') ? name : `custom:${name}`));
  return [...new Set([...inherited, ...wanted])].join(',');
}

export const parseCapabilities = (label: string | undefined): string[] => (label ?? '').split(',').filter(name => name !== '');

/** An image as an engine lists it, with the engine's name. Read from another program: what does not fit is left out. */
const Listed = z.object({
  id: z.string(),
  refs: z.array(z.string()),
  bytes: z.number(),
  createdAt: z.string(),
  platform: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  engine: z.string(),
});
export type ListedImage = z.infer<typeof Listed>;

export function imagesOf(answer: unknown): ListedImage[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap(item => {
    const parsed = Listed.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
}
