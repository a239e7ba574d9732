import {join} from 'node:path';

/** What mostly waits need not keep the megabytes in which a burst was over long ago: they are collected sooner instead. */
const sparing = ['--max-semi-space-size=2'];

/** The arguments that make Node one of our built programs. */
export const programCommand = (root: string, name: 'server' | 'agent'): readonly string[] => [
  ...(name === 'agent' ? sparing : []),
  join(root, 'dist', `${name}.js`),
];
