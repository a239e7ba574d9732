import fc from 'fast-check';
import {z} from 'zod';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** Values that fit a schema, small ones. */
export const fitting = (schema: z.ZodType): fc.Arbitrary<unknown> =>
  ofSchema(z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'}) as Schema);

function ofSchema(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(ofSchema));
  if (schema.type === 'object') return ofObject(schema);
  if (schema.type === 'array') return fc.array(ofSchema(schema.items ?? {}), {minLength: schema.minItems ?? 0, maxLength: 3});
  if (schema.type === 'string')
    return schema.pattern === undefined
      ? fc.string({maxLength: Math.min(schema.maxLength ?? 20, 20)})
      : fc.stringMatching(new RegExp(schema.pattern)).filter(text => text.length < 200);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer' || schema.type === 'number')
    return fc.integer({min: Math.max(schema.minimum ?? 0, 0), max: Math.min(schema.maximum ?? 10_000, 10_000)});
  return fc.jsonValue();
}

function ofObject({properties = {}, required = [], additionalProperties}: Schema): fc.Arbitrary<unknown> {
  const known = fc.record(Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, ofSchema(each)])), {
    requiredKeys: [...required],
  });
  if (typeof additionalProperties !== 'object') return known;
  const more = fc.dictionary(fc.stringMatching(/^[A-Za-z_][a-z_]{0,8}$/), ofSchema(additionalProperties), {maxKeys: 3});
  return fc.tuple(known, more).map(([a, b]) => ({...b, ...(a as object)}));
}

/** What nobody meant: of another kind, too long, too deep, with names that reach further than they should. */
export const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    -1,
    0,
    1e308,
    -0.5,
    2 ** 53,
    true,
    [],
    {},
    'NaN',
    '\u0000',
    '\u001b[2J',
    '../../etc/passwd',
    "'; --",
  ),
  fc.constantFrom<unknown>(
    't-aaaaaaaaaaaaaaaaaaaaaaaaaa',
    '{boxyard}:due',
    '*',
    '%00',
    'a'.repeat(300),
    '😀'.repeat(100),
    '\ud800',
    'a\nb',
  ),
  fc.constant({nested: {nested: {nested: [[[[[]]]]]}}}),
  fc.constant(JSON.parse('{"__proto__":{"polluted":true}}') as unknown),
  fc.constant({constructor: {prototype: {polluted: true}}}),
  fc.jsonValue(),
);

/** A fitting value with one thing in it made strange, left out or added. */
export const spoiled = (value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.tuple(value, strange, fc.nat(), fc.constantFrom('replace', 'remove', 'add', 'whole')).map(([whole, odd, at, how]) => {
    if (how === 'whole' || typeof whole !== 'object' || whole === null) return odd;
    const copy = structuredClone(whole) as Record<string, unknown>;
    const places = placesIn(copy);
    if (how === 'add' || places.length === 0) return {...copy, [['tenant', 'id', 'actor', 'state', 'x', 'createdAt'][at % 6]!]: odd};
    const [holder, key] = places[at % places.length]!;
    if (how === 'remove') delete holder[key];
    else holder[key] = odd;
    return copy;
  });

type Place = readonly [Record<string, unknown>, string];

function placesIn(value: Record<string, unknown>): readonly Place[] {
  return Object.entries(value).flatMap(([key, inner]): readonly Place[] => [
    [value, key],
    ...(typeof inner === 'object' && inner !== null ? placesIn(inner as Record<string, unknown>) : []),
  ]);
}
