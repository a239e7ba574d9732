import {BoxyardError} from '../errors/index.ts';

/** A repository address Boxyard hands to git: `https`, or `ssh` (also written `user@host:path`). */
export interface RepoUrl {
  readonly url: string;
  readonly scheme: 'https' | 'ssh';
  readonly host: string;
}

const control = /[\u0000-\u0020\u007f-\u009f\\]/;
const scp = /^([A-Za-z0-9_][A-Za-z0-9._-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)(\S+)$/;

/** Rejects with `URL_REFUSED`: other schemes, a password in the address, leading dashes, spaces and control characters. */
export function parseRepoUrl(text: string): RepoUrl {
  if (text.length > 2048) throw refused(text, 'it is too long');
  if (text.startsWith('-')) throw refused(text, 'it begins with a dash');
  if (control.test(text)) throw refused(text, 'it holds a space, a backslash or a control character');
  const short = scp.exec(text);
  if (short) return fromShort(text, short);
  return fromUrl(text);
}

function fromShort(text: string, match: RegExpExecArray): RepoUrl {
  if (match[3]!.startsWith('-')) throw refused(text, 'its path begins with a dash');
  return {url: text, scheme: 'ssh', host: match[2]!.toLowerCase()};
}

function fromUrl(text: string): RepoUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused(text, 'it is not a URL');
  if (url.protocol !== 'https:' && url.protocol !== 'ssh:') throw refused(text, `the scheme ${url.protocol.slice(0, -1)} is not allowed`);
  if (url.password !== '' || (url.protocol === 'https:' && url.username !== ''))
    throw refused(`${url.protocol}//${url.host}${url.pathname}`, 'it holds a user or password: keep that in a secret');
  if (url.hostname === '' || url.hostname.startsWith('-')) throw refused(text, 'it has no host');
  if (url.username.startsWith('-') || url.username.startsWith('%2D')) throw refused(text, 'its user begins with a dash');
  if (url.search !== '' || url.hash !== '') throw refused(`${url.protocol}//${url.host}${url.pathname}`, 'it has a query or fragment');
  if (url.pathname === '' || url.pathname === '/') throw refused(text, 'it names no repository');
  return {url: text, scheme: url.protocol === 'https:' ? 'https' : 'ssh', host: url.hostname.toLowerCase()};
}

/** A branch or tag name git itself would take (`git check-ref-format`), and no more; `INVALID_INPUT` otherwise. */
export function checkBranch(branch: string): void {
  const isWell =
    branch.length > 0 &&
    branch.length <= 255 &&
    !/[\u0000-\u0020\u007f-\u009f~^:?*[\\]/.test(branch) &&
    !/^[-/.]|[/.]$|\.lock(\/|$)|\.\.|\/\/|\/\.|@\{|^@$/.test(branch);
  if (!isWell) throw new BoxyardError('INVALID_INPUT', {field: 'branch', issue: 'not a branch name git would take'});
}

const refused = (url: string, why: string) => new BoxyardError('URL_REFUSED', {url: JSON.stringify(url.slice(0, 200)).slice(1, -1), why});
