import {z} from 'zod';
import {ClusterFile} from './clusters.ts';

type Json = {readonly [key: string]: unknown};

/** Where a file's values are texts whatever YAML makes of them, so that an editor must not complain of a port or of `on`. */
const texts = new Set(['env', 'secrets', 'labels', 'matrix', 'command', 'gather', 'each', 'args']);

/** JSON Schema (draft 7, which editors read) of a cluster's file, made from what the server checks with. */
export function clusterSchema(): Json {
  const {$schema, ...schema} = z.toJSONSchema(ClusterFile, {target: 'draft-7', io: 'input'}) as Json;
  return {
    $schema,
    title: 'Boxyard cluster',
    description: 'What `boxyard clusters apply -f FILE` makes so: a named group of roles, which are templates of jobs.',
    ...(relaxed(schema) as Json),
  };
}

function relaxed(node: unknown, isText = false): unknown {
  if (Array.isArray(node)) return node.map(inner => relaxed(inner, isText));
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node as Json).map(([key, inner]): [string, unknown] =>
    key === 'properties' ? [key, properties(inner as Json, isText)] : [key, relaxed(inner, isText)],
  );
  const schema = Object.fromEntries(entries);
  const isFree = isText && schema['type'] === 'string' && schema['enum'] === undefined && schema['const'] === undefined;
  return isFree ? {...schema, type: ['string', 'number', 'boolean']} : schema;
}

const properties = (fields: Json, isText: boolean): Json =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, relaxed(field, isText || texts.has(name))]));
