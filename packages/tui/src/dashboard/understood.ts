import {
  ClusterView,
  DeadLetterView,
  DeliveryView,
  DevBoxView,
  EventView,
  PluginView,
  ImageView,
  JobView,
  WebhookView,
  WorkerView,
} from '@boxyard/core/api';
import {Heartbeat} from '@boxyard/core/protocol';
import type {z} from 'zod';
import type {Plugin} from './data.ts';

/** What is not of the kind it should be. */
const nothing = Symbol('not understood');

/** The value itself where all of it is as it should be, a mended copy where a part is not, or `nothing`. */
type Read = (value: unknown) => unknown;

/** Of zod's own description of a schema, the part that is read here. */
interface Described {
  readonly type: string;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly options?: readonly Schema[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
  readonly getter?: () => Schema;
}
interface Schema {
  readonly _zod: {readonly def: unknown};
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const only =
  (isFit: (value: unknown) => boolean): Read =>
  value =>
    isFit(value) ? value : nothing;

const readers = new WeakMap<object, Read>();

function readerOf(schema: Schema): Read {
  const known = readers.get(schema);
  if (known !== undefined) return known;
  const made = madeReader(schema._zod.def as Described);
  readers.set(schema, made);
  return made;
}

function madeReader(def: Described): Read {
  switch (def.type) {
    // A word that a newer server knows and we do not is a word.
    case 'string':
    case 'template_literal':
    case 'enum':
      return only(value => typeof value === 'string');
    case 'number':
      return only(Number.isFinite);
    case 'boolean':
      return only(value => typeof value === 'boolean');
    case 'literal':
      return only(value => def.values!.includes(value));
    case 'array':
      return listReader(readerOf(def.element!));
    case 'record':
      return recordReader(readerOf(def.valueType!));
    case 'object':
      return objectReader(def.shape!);
    case 'union':
      return unionReader(def);
    case 'pipe':
      return readerOf(def.in!);
    case 'lazy':
      return value => readerOf(def.getter!())(value);
    default:
      return def.innerType === undefined ? value => value : readerOf(def.innerType);
  }
}

const listReader =
  (read: Read): Read =>
  value => {
    if (!Array.isArray(value)) return nothing;
    const items = value.map(read);
    return items.every((item, i) => item === value[i]) ? value : items.filter(item => item !== nothing);
  };

const recordReader =
  (read: Read): Read =>
  value => {
    if (!isObject(value)) return nothing;
    const entries = Object.entries(value).map(([key, each]) => [key, each, read(each)] as const);
    if (entries.every(([, before, after]) => before === after)) return value;
    return Object.fromEntries(entries.flatMap(([key, , after]) => (after === nothing ? [] : [[key, after]])));
  };

function objectReader(shape: Readonly<Record<string, Schema>>): Read {
  const fields = Object.entries(shape).map(([key, schema]) => ({key, read: readerOf(schema), instead: insteadOf(schema)}));
  return value => {
    if (!isObject(value)) return nothing;
    let mended: Record<string, unknown> | undefined;
    for (const {key, read, instead} of fields) {
      const before = value[key];
      if (before === undefined && instead === undefined) continue;
      const after = read(before);
      if (after === before) continue;
      mended ??= {...value};
      mended[key] = after === nothing ? instead : after;
      if (mended[key] === undefined) delete mended[key];
    }
    return mended ?? value;
  };
}

/** By its kind where it has one we know; one of a kind we do not know is left alone. Else the first that fits. */
function unionReader({options = [], discriminator}: Described): Read {
  const parts = options.map(option => ({read: readerOf(option), kinds: kindsOf(option, discriminator)}));
  return value => {
    if (discriminator === undefined) return parts.map(({read}) => read(value)).find(each => each !== nothing) ?? nothing;
    const kind = isObject(value) ? value[discriminator] : undefined;
    if (typeof kind !== 'string') return nothing;
    return parts.find(({kinds}) => kinds.includes(kind))?.read(value) ?? value;
  };
}

const kindsOf = (option: Schema, discriminator: string | undefined): readonly unknown[] => {
  const kind = (option._zod.def as Described).shape?.[discriminator ?? ''];
  return kind === undefined ? [] : ((kind._zod.def as Described).values ?? []);
};

/** What stands where a field cannot be understood: nothing where it may be absent, else the emptiest of its kind. */
function insteadOf(schema: Schema): unknown {
  const def = schema._zod.def as Described;
  if (def.type === 'optional') return undefined;
  if (def.type === 'default') return insteadOf(def.innerType!);
  if (def.type === 'number') return 0;
  if (def.type === 'boolean') return false;
  if (def.type === 'array') return [];
  if (def.type === 'record') return {};
  if (def.type === 'object')
    return Object.fromEntries(
      Object.entries(def.shape!).flatMap(([key, each]) => ((made: unknown) => (made === undefined ? [] : [[key, made]]))(insteadOf(each))),
    );
  return def.type === 'union' ? {kind: ''} : '';
}

const reads =
  <T>(schema: Schema & z.ZodType<T>) =>
  (value: unknown): readonly T[] => {
    const read = readerOf(schema)(value);
    return read === nothing ? [] : [read as T];
  };

/** Those that can be told apart: without an id nothing could be done with one. */
const things =
  <T extends {readonly id: string}>(schema: Schema & z.ZodType<T>) =>
  (value: unknown): readonly T[] =>
    reads(schema)(value).filter(({id}) => id !== '');

type Reader<T> = (value: unknown) => readonly T[];

export interface Understood {
  readonly workers: Reader<WorkerView>;
  readonly devboxes: Reader<DevBoxView>;
  readonly jobs: Reader<JobView>;
  readonly images: Reader<ImageView>;
  readonly clusters: Reader<ClusterView>;
  readonly webhooks: Reader<WebhookView>;
  readonly plugins: Reader<Plugin>;
  readonly deliveries: Reader<DeliveryView>;
  readonly letters: Reader<DeadLetterView>;
  readonly events: Reader<EventView>;
  readonly heartbeat: Reader<NonNullable<WorkerView['heartbeat']>>;
}

/**
 * What a server of another version says, as far as it is understood here: none of it, or one, in which every field is of its
 * kind. Nothing that is shown is ever of another.
 */
export const understood: Understood = {
  workers: things(WorkerView),
  devboxes: things(DevBoxView),
  jobs: things(JobView),
  images: things(ImageView),
  clusters: things(ClusterView),
  webhooks: things(WebhookView),
  plugins: value => reads(PluginView)(value).map(plugin => ({...plugin, id: `${plugin.where}/${plugin.kind}/${plugin.name}`})),
  deliveries: reads(DeliveryView),
  letters: reads(DeadLetterView),
  events: things(EventView),
  heartbeat: reads(Heartbeat.omit({type: true})),
};
