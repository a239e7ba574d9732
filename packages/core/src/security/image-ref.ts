import {BoxyardError} from '../errors/index.ts';

/** An image name taken apart; `registry` only where the name has one (`localhost`, a dot or a port in its first part). */
export interface ImageRef {
  readonly registry: string | undefined;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[0-9a-fA-F:]+\\]';
const form = new RegExp(
  `^(?:((?:${host})(?::[0-9]{1,5})?)/)?(${part}(?:/${part})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** Rejects with `IMAGE_REF_INVALID` whatever the distribution grammar does not allow, before any engine sees it. */
export function parseImageRef(ref: string): ImageRef {
  const match = ref.length <= 255 ? form.exec(ref) : null;
  if (match === null) throw new BoxyardError('IMAGE_REF_INVALID', {ref: JSON.stringify(ref.slice(0, 80)).slice(1, -1)});
  const [, first, rest, tag, digest] = match;
  if (first === undefined || isRegistry(first)) return {registry: first, repository: rest!, tag, digest};
  if (!new RegExp(`^${part}$`).test(first)) throw new BoxyardError('IMAGE_REF_INVALID', {ref});
  return {registry: undefined, repository: `${first}/${rest}`, tag, digest};
}

const isRegistry = (first: string) => first === 'localhost' || /[.:[]/.test(first);

export function formatImageRef(ref: ImageRef): string {
  const tag = ref.tag === undefined ? '' : `:${ref.tag}`;
  const digest = ref.digest === undefined ? '' : `@${ref.digest}`;
  return `${ref.registry === undefined ? '' : `${ref.registry}/`}${ref.repository}${tag}${digest}`;
}

/** The names to try, in order: a name without a registry is `localhost/<name>` where a worker has it, else Docker Hub's. */
export function imageCandidates(text: string): readonly string[] {
  const ref = parseImageRef(text);
  const tagged = ref.tag === undefined && ref.digest === undefined ? {...ref, tag: 'latest'} : ref;
  if (tagged.registry !== undefined) return [formatImageRef({...tagged, ...hub(tagged)})];
  const hubName = tagged.repository.includes('/') ? tagged.repository : `library/${tagged.repository}`;
  return [formatImageRef({...tagged, registry: 'localhost'}), formatImageRef({...tagged, registry: 'docker.io', repository: hubName})];
}

const hub = (ref: ImageRef) =>
  ref.registry === 'docker.io' && !ref.repository.includes('/') ? {repository: `library/${ref.repository}`} : {};
