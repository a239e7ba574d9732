import {readFileSync} from 'node:fs';
import {z} from 'zod';
import {OLDEST_SUPPORTED, PROTOCOL_VERSION, fromAgent, fromServer} from '../../packages/core/src/protocol/index.ts';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

/** The page of messages: what the schemas say, with the sentence that stands above each in the source. */
export function renderProtocol(): string {
  return `# The protocol between server and agent

Generated from \`packages/core/src/protocol\` by \`npm run docs\`. Version ${PROTOCOL_VERSION}; ${OLDEST_SUPPORTED} is still understood. One
WebSocket per worker, opened by the agent: control frames are JSON objects with a \`type\`, bulk bytes are binary frames. Unknown types and
unknown fields are ignored. \`?\` marks what may be missing.

${renderSide('From the agent', fromAgent, 'from-agent.ts')}

${renderSide('From the server', fromServer, 'from-server.ts')}
`;
}

function renderSide(title: string, messages: Readonly<Record<string, z.ZodType>>, file: string): string {
  const source = readFileSync(`packages/core/src/protocol/${file}`, 'utf8');
  const sections = Object.entries(messages).map(([name, schema]) => renderMessage(name, schema, sentenceAbove(source, name)));
  return `## ${title}\n\n${sections.join('\n\n')}`;
}

function renderMessage(name: string, schema: z.ZodType, sentence: string): string {
  const {properties = {}, required = []} = z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any', reused: 'inline'}) as Schema;
  const rows = Object.entries(properties)
    .filter(([field]) => field !== 'type')
    .map(([field, shape]) => `- \`${field}${required.includes(field) ? '' : '?'}\`: \`${typeText(shape, 2)}\``);
  return [`### ${name}`, sentence, rows.join('\n')].filter(part => part !== '').join('\n\n');
}

/** As TypeScript would write it; what lies deeper than `depth` is shown as `…`. */
function typeText(schema: Schema, depth: number): string {
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return [...new Set(options.map(option => typeText(option, depth)))].join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(value => JSON.stringify(value)).join(' | ');
  if (schema.type === 'array') return `[${typeText(schema.items ?? {}, depth)}]`;
  if (schema.type === 'object') return objectText(schema, depth);
  return schema.type ?? 'any';
}

function objectText(schema: Schema, depth: number): string {
  const {properties, required = [], additionalProperties} = schema;
  if (properties === undefined)
    return typeof additionalProperties === 'object' ? `{name: ${typeText(additionalProperties, depth)}}` : 'object';
  if (depth === 0) return '{…}';
  const fields = Object.entries(properties).map(
    ([name, shape]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(shape, depth - 1)}`,
  );
  return `{${fields.join(', ')}}`;
}

/** The doc comment right above a message's schema, as one paragraph. */
function sentenceAbove(source: string, name: string): string {
  const key = /^\w+$/.test(name) ? name : `'${name}'`;
  const end = source.indexOf(`\n  ${key}: `);
  const before = source.slice(0, end).trimEnd();
  if (end < 0 || !before.endsWith('*/')) return '';
  const comment = before.slice(before.lastIndexOf('/**') + 3, -2);
  return comment
    .replaceAll(/^\s*\*\s?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
