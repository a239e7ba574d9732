import {z} from 'zod';

/** The most children a job may have. */
export const MOST_CHILDREN = 10_000;

/**
 * What the children's ends mean for their parent. `all`: every one must succeed. A quorum: so many must. `best-effort`: one is
 * enough, and all run to their end. `first`: one is enough, and with it the others are cancelled.
 */
export const FailurePolicy = z.union([
  z.enum(['all', 'first', 'best-effort']),
  z.object({quorum: z.number().int().min(1).max(MOST_CHILDREN)}),
]);
export type FailurePolicy = z.infer<typeof FailurePolicy>;

const Item = z.string().max(4096);

/**
 * What becomes of the children's results once all have ended. `json`: a document of all of them; `concat`: what they wrote to
 * stdout, in their order. A command gets the document as stdin, and what it reports or writes is the result.
 */
export const Gather = z.union([z.enum(['json', 'concat']), z.array(z.string().max(131_072)).min(1).max(4096)]);
export type Gather = z.infer<typeof Gather>;

/**
 * Which children a job has: one for each combination of what is given, in this order: of `each` (the workers that fit, the values
 * that a label of theirs has, or the lines of a list), of the `matrix`, and of the copies. At least one of the three is given.
 */
export const FanOut = z.object({
  copies: z.number().int().min(1).max(MOST_CHILDREN).optional(),
  each: z
    .union([z.literal('worker'), z.object({label: z.string().max(63)}), z.object({list: z.array(Item).min(1).max(MOST_CHILDREN)})])
    .optional(),
  /** A variable for each name: `BOXYARD_MATRIX_<NAME>`. */
  matrix: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/), z.array(Item).min(1).max(1_000)).optional(),
  /** So many children at one time; absent: no limit but the workers'. */
  parallel: z.number().int().min(1).max(MOST_CHILDREN).optional(),
  failurePolicy: FailurePolicy.optional(),
  /** Once the end is certain, the children that are left are cancelled. */
  failFast: z.boolean().optional(),
  gather: Gather.optional(),
  /** Of all these children only those with these numbers, as after `jobs retry --failed`. */
  only: z.array(z.number().int().min(0)).min(1).max(MOST_CHILDREN).optional(),
});
export type FanOut = z.infer<typeof FanOut>;

/** What a child knows of its place among the children: its number from 0, of how many, and what it is for. */
export const Copy = z.object({
  index: z.number().int(),
  count: z.number().int(),
  item: z.string().optional(),
  matrix: z.record(z.string(), z.string()).optional(),
});
export type Copy = z.infer<typeof Copy>;
