import {cpSync} from 'node:fs';
import {Program} from '../lab/program.ts';

/** F16: a copy of an agent's directories, started as a second process. `move` says where each path of the original lies in the copy. */
export function cloneAgent(original: Program, from: string, to: string, namespace?: string): Program {
  cpSync(from, to, {recursive: true, filter: path => !/\.(sock|lock)$/.test(path) && !/\/run(\/|$)/.test(path.slice(from.length))});
  const moved = Object.fromEntries(Object.entries(original.options.env).map(([name, value]) => [name, value.replaceAll(from, to)]));
  return new Program({
    ...original.options,
    name: `${original.options.name} (clone)`,
    env: moved,
    log: `${to}/clone.log`,
    namespace: namespace ?? original.options.namespace,
  });
}
