import path from 'node:path';
import type {TarHeader} from './tar-streams.ts';

const MAX_ENTRIES = 500_000;
const MAX_NAME = 4_096;
const MAX_BYTES = 256 * 2 ** 30;
const SET_ID = 0o6000;

/**
 * Which entries may pass. Links are judged by spelling, which is enough only because no entry may lie behind a link of the
 * same archive, and a target may go up only at its beginning: so the folder that a name spells is the folder it is in.
 */
export const createTarRules = (refuse: (why: string) => Error): ((header: TarHeader) => TarHeader | undefined) => {
  const kinds = new Map<string, string>();
  const modes = new Map<string, number>();
  let entries = 0;
  let bytes = 0;
  return header => {
    entries += 1;
    bytes += header.size ?? 0;
    if (entries > MAX_ENTRIES) throw refuse(`more than ${MAX_ENTRIES} entries`);
    if (bytes > MAX_BYTES) throw refuse(`more than ${MAX_BYTES} bytes`);
    const kind = kindOf(header, refuse);
    const name = nameInside(header.name, refuse);
    if (name === '') return kind === 'directory' ? undefined : fail(refuse, `${show(header.name)} is the root and no folder`);
    checkParents(name, kinds, refuse);
    const before = kinds.get(name);
    if (before !== undefined && before !== kind) throw refuse(`${show(name)} is a ${before} first and a ${kind} later`);
    kinds.set(name, kind);
    const {size = 0, mtime, uid = 0, gid = 0, uname = '', gname = '', mode = 0o644} = header;
    // Nothing else passes on: an extended header could name the entry anew, or give it capabilities.
    const plain = {name, type: kind, size, uid, gid, uname, gname, mode: mode & 0o777, ...(mtime === undefined ? {} : {mtime})};
    const link = linkOf(header, name, kind, {kinds, modes, refuse});
    modes.set(name, link.mode ?? plain.mode);
    return {...plain, ...link};
  };
};

type Kind = 'file' | 'directory' | 'symlink' | 'link';
type Refuse = (why: string) => Error;

const fail = (refuse: Refuse, why: string): never => {
  throw refuse(why);
};

const kindOf = ({type, name, mode = 0}: TarHeader, refuse: Refuse): Kind => {
  const kind = type === 'contiguous-file' || type === undefined ? 'file' : type;
  if (kind !== 'file' && kind !== 'directory' && kind !== 'symlink' && kind !== 'link') throw refuse(`${show(name)} is a ${kind}`);
  if (kind === 'file' && (mode & SET_ID) !== 0) throw refuse(`${show(name)} would run as its owner (setuid)`);
  return kind;
};

const nameInside = (name: string, refuse: Refuse): string => {
  if (name.length > MAX_NAME) throw refuse(`a name of ${name.length} characters`);
  if (name.includes('\0')) throw refuse('a name with a NUL');
  if (path.posix.isAbsolute(name)) throw refuse(`${show(name)} is an absolute path`);
  if (name.split('/').includes('..')) throw refuse(`${show(name)} leads out of the archive`);
  const normal = path.posix.normalize(name).replace(/\/$/, '');
  return normal === '.' ? '' : normal;
};

const checkParents = (name: string, kinds: ReadonlyMap<string, string>, refuse: Refuse): void => {
  for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1)) {
    const kind = kinds.get(name.slice(0, at));
    if (kind !== undefined && kind !== 'directory') throw refuse(`${show(name)} lies behind a ${kind}`);
  }
};

interface Seen {
  readonly kinds: ReadonlyMap<string, string>;
  readonly modes: ReadonlyMap<string, number>;
  readonly refuse: Refuse;
}

const linkOf = (header: TarHeader, name: string, kind: Kind, {kinds, modes, refuse}: Seen): Partial<TarHeader> => {
  if (kind !== 'symlink' && kind !== 'link') return {};
  const target = header.linkname ?? '';
  if (kind === 'link') {
    const inside = nameInside(target, refuse);
    if (kinds.get(inside) !== 'file' && kinds.get(inside) !== 'link')
      throw refuse(`${show(name)} is a link to ${show(target)}, which is no file before it`);
    // A link has its file's mode: some extractors set it again.
    return {linkname: inside, size: 0, mode: modes.get(inside) ?? 0o644};
  }
  const [ups, rest] = split(target);
  const depth = name.split('/').length - 1;
  const leaves = target === '' || target.includes('\0') || path.posix.isAbsolute(target) || ups > depth || rest.includes('..');
  if (leaves) throw refuse(`${show(name)} is a link to ${show(target)}, which leads out of the archive`);
  return {linkname: target, size: 0};
};

/** How often a target goes up at its beginning, and what follows. */
const split = (target: string): [number, string[]] => {
  const parts = target.split('/').filter(part => part !== '' && part !== '.');
  const first = parts.findIndex(part => part !== '..');
  return first < 0 ? [parts.length, []] : [first, parts.slice(first)];
};

const show = (name: string): string => JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
