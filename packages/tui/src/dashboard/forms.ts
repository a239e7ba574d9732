import {parseSize} from '../output/amounts.ts';
import type {DevBoxForm} from './deeds.ts';
import {edited, emptyLine, lineWith, typed} from './line.ts';
import type {Field, Form} from './modes.ts';
import type {State} from './state.ts';

const field = (name: string, title: string, about: string, text = ''): Field => ({
  name,
  title,
  about,
  line: text === '' ? emptyLine : lineWith(text),
});
const choice = (name: string, title: string, about: string, choices: NonNullable<Field['choices']>): Field => ({
  ...field(name, title, about),
  choices,
});

/** A new DevBox, with what would be taken if nothing is said. */
export function devboxForm(state: State): Form {
  const image = state.settings.find(setting => setting.key === 'image')?.value ?? '';
  return {
    title: 'New DevBox',
    at: 0,
    fields: [
      field('name', 'Name', 'small letters, digits, . _ -', freeName(state)),
      field('image', 'Image', 'empty: the server’s default', image),
      field('repo', 'Repository', 'cloned into /workspace; may stay empty'),
      field('branch', 'Branch', 'empty: the repository’s own'),
      choice('worker', 'Worker', '← → choose; any: whichever fits', 'workers'),
      choice('engine', 'Engine', '← → choose; any: the worker’s own order', 'engines'),
      choice('profile', 'Profile', '← → choose; any: the tenant’s', 'profiles'),
      field('memory', 'Memory', 'such as 2g; empty: the profile’s'),
      field('task', 'Task', 'text of the task file; may stay empty'),
    ],
  };
}

/** What there is to choose from now; the first means any. */
function valuesOf({data}: State, choices: NonNullable<Field['choices']>): readonly string[] {
  const workers = [...data.workers.values()].filter(worker => worker.status === 'ready');
  switch (choices) {
    case 'workers':
      return ['', ...workers.map(worker => worker.name)];
    case 'engines':
      return ['', ...new Set(workers.flatMap(worker => worker.engines.filter(engine => engine.usable).map(engine => engine.name)))];
    case 'profiles':
      return ['', 'open', 'standard', 'strict', 'offline'];
  }
}

function freeName(state: State): string {
  const taken = new Set([...state.data.devboxes.values()].map(box => box.name));
  return ['web', ...Array.from({length: 99}, (_, i) => `box-${i + 1}`)].find(name => !taken.has(name)) ?? '';
}

/** The form after a key; undefined where the key is none of its own. */
export function formAfter(state: State, form: Form, key: string): Form | undefined {
  const count = form.fields.length;
  if (key === 'tab' || key === 'down') return {...form, at: (form.at + 1) % count};
  if (key === 'shift-tab' || key === 'up') return {...form, at: (form.at + count - 1) % count};
  const current = form.fields[form.at]!;
  if (current.choices !== undefined) return turned(form, current, valuesOf(state, current.choices), key);
  const line = edited(current.line, key);
  return line === undefined ? undefined : withField(form, {...current, line, issue: undefined});
}

export const formWithText = (form: Form, text: string): Form => {
  const current = form.fields[form.at]!;
  return current.choices === undefined ? withField(form, {...current, line: typed(current.line, text), issue: undefined}) : form;
};

function turned(form: Form, current: Field, values: readonly string[], key: string): Form | undefined {
  const by = key === 'right' || key === ' ' ? 1 : key === 'left' ? -1 : 0;
  if (by === 0) return undefined;
  const next = values[(values.indexOf(current.line.text) + by + values.length) % values.length]!;
  return withField(form, {...current, line: lineWith(next)});
}

const withField = (form: Form, changed: Field): Form => ({...form, fields: form.fields.map((one, i) => (i === form.at ? changed : one))});

const valueOf = (form: Form, name: string): string => form.fields.find(one => one.name === name)?.line.text.trim() ?? '';

/** What the form asks for; or the form with its first wrong field under the cursor, and why. */
export function checkedForm(form: Form, taken: ReadonlySet<string>): {readonly request: DevBoxForm} | {readonly form: Form} {
  const fields = form.fields.map(one => ({...one, issue: issueOf(form, one.name, taken)}));
  const wrong = fields.findIndex(one => one.issue !== undefined);
  if (wrong >= 0) return {form: {...form, fields, at: wrong}};
  const given = Object.fromEntries(fields.map(({name}) => [name, valueOf(form, name)] as const).filter(([, value]) => value !== ''));
  return {request: given as unknown as DevBoxForm};
}

function issueOf(form: Form, name: string, taken: ReadonlySet<string>): string | undefined {
  const value = valueOf(form, name);
  switch (name) {
    case 'name':
      if (value === '') return 'A DevBox needs a name.';
      if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(value)) return 'Small letters, digits, dot, dash, underscore; at most 63.';
      return taken.has(value) ? `There is a ${value} already.` : undefined;
    case 'branch':
      return value !== '' && valueOf(form, 'repo') === '' ? 'A branch needs a repository.' : undefined;
    case 'image':
      return /\s/.test(value) ? 'The name of an image has no spaces.' : undefined;
    case 'memory':
      return value === '' || isSize(value) ? undefined : 'A size such as 512m or 2g.';
    default:
      return undefined;
  }
}

const isSize = (value: string): boolean => {
  try {
    return parseSize(value, 'memory') > 0;
  } catch {
    return false;
  }
};
