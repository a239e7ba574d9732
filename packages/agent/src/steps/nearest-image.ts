import {nearest} from '@boxyard/core/errors';

/** Images of Docker Hub that people begin with. */
const usual = [
  ...['debian', 'ubuntu', 'alpine', 'busybox', 'fedora', 'rockylinux', 'almalinux', 'amazonlinux', 'archlinux', 'buildpack-deps'],
  ...['node', 'python', 'golang', 'rust', 'ruby', 'php', 'perl', 'gcc', 'maven', 'gradle', 'eclipse-temurin', 'elixir', 'swift'],
  ...['postgres', 'mysql', 'mariadb', 'mongo', 'redis', 'nginx', 'httpd'],
];

/** What was probably meant by the name of an image that is nowhere, as one would type it; `here` are the images of the engine. */
export function nearestImage(ref: string, here: readonly string[]): string | undefined {
  const asked = typed(ref);
  const known = new Map(here.map(each => [bare(typed(each)), typed(each)]));
  known.delete(bare(asked));
  const near = nearest(bare(asked), [...known.keys()]);
  if (near !== undefined) return known.get(near);
  const [name = '', ...tag] = asked.split(':');
  const meant = nearest(name, usual);
  return meant === undefined || meant === name ? undefined : [meant, ...tag].join(':');
}

const typed = (ref: string): string => ref.replace(/^docker\.io\/library\//, '').replace(/:latest$/, '');
const bare = (ref: string): string => ref.replace(/^localhost\//, '');
