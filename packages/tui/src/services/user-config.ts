import {existsSync, readFileSync} from 'node:fs';
import {files, writePrivate, type Paths, yamlData} from '@boxyard/core/config';
import {BoxyardError} from '@boxyard/core/errors';
import {nearest} from '../cli/suggest.ts';

/** A setting of this program. `env` may set it too; a flag, where there is one, wins over both. */
export interface Setting {
  readonly env?: string;
  readonly default: string;
  readonly about: string;
  readonly values?: readonly string[];
  /** For values that cannot be counted up. */
  readonly form?: {readonly isRight: (value: string) => boolean; readonly expected: string};
}

const isAddress = (text: string): boolean => URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
const isListen = (text: string): boolean =>
  /^(?:(?:\[[^\]]+\]|[^:]+):)?\d{1,5}$/.test(text.trim()) && Number(/\d+$/.exec(text.trim())) < 65_536;

export const settings: Readonly<Record<string, Setting>> = {
  output: {
    env: 'BOXYARD_OUTPUT',
    default: 'table',
    about: 'how lists and objects are printed',
    values: ['table', 'wide', 'json', 'yaml', 'jsonl', 'name'],
  },
  server: {
    env: 'BOXYARD_SERVER',
    default: '',
    about: 'address of the server; empty: the login, else the one on this machine',
    form: {isRight: value => value === '' || isAddress(value), expected: 'http://… or https://…'},
  },
  listen: {
    env: 'BOXYARD_LISTEN',
    default: '127.0.0.1:4240',
    about: 'where `up` listens',
    form: {isRight: value => value.split(',').every(isListen), expected: 'HOST:PORT'},
  },
  image: {env: 'BOXYARD_IMAGE', default: '', about: 'image of run and devboxes create; empty: the server’s'},
  leader: {
    env: 'BOXYARD_LEADER',
    default: 'ctrl-q',
    about: 'key that leaves a terminal',
    // Those left out are what a terminal sends for Tab and Enter.
    form: {isRight: value => /^ctrl-[a-hk-ln-z]$/.test(value), expected: 'ctrl- and a letter, as in ctrl-q'},
  },
  theme: {
    env: 'BOXYARD_THEME',
    default: 'terminal',
    about: 'colours of the dashboard; terminal: those of the terminal itself',
    values: ['terminal', 'dark', 'light', 'mono'],
  },
  mouse: {
    env: 'BOXYARD_MOUSE',
    default: 'off',
    about: 'whether the dashboard takes the mouse; m turns it on and off',
    values: ['on', 'off'],
  },
  bell: {env: 'BOXYARD_BELL', default: 'on', about: 'whether a session that asks while nobody looks rings here', values: ['on', 'off']},
};

export interface Resolved {
  readonly key: string;
  readonly value: string;
  /** `environment BOXYARD_X`, the file, or `default`. */
  readonly origin: string;
}

export async function resolveSettings(paths: Paths, env: Readonly<Record<string, string | undefined>>): Promise<readonly Resolved[]> {
  const file = files(paths).userConfig;
  const stored = await readUserConfig(file);
  return Object.entries(settings).map(([key, setting]) => {
    const fromEnv = setting.env === undefined ? undefined : env[setting.env];
    if (fromEnv) {
      checkSetting(key, fromEnv, setting.env!);
      return {key, value: fromEnv, origin: `environment ${setting.env}`};
    }
    const fromFile = stored[key];
    return fromFile === undefined ? {key, value: setting.default, origin: 'default'} : {key, value: fromFile, origin: file};
  });
}

/** Keys and texts; a key nobody knows is an error, since it is a slip of the person who wrote it. */
export async function readUserConfig(file: string): Promise<Record<string, string>> {
  if (!existsSync(file)) return {};
  const {parse} = await import('yaml');
  const content: unknown = yamlData(parse, readFileSync(file, 'utf8'), file) ?? {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new BoxyardError('CONFIG_INVALID', {file, issue: 'expected keys and values'});
  const entries = Object.entries(content as Record<string, unknown>);
  for (const [key, value] of entries) checkSetting(key, String(value), file);
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

export async function setSetting(paths: Paths, key: string, value: string | undefined): Promise<void> {
  const file = files(paths).userConfig;
  checkSetting(key, value ?? settings[key]?.default ?? '', file);
  const {[key]: _old, ...others} = await readUserConfig(file);
  const {stringify} = await import('yaml');
  writePrivate(file, stringify(value === undefined ? others : {...others, [key]: value}));
}

export function checkSetting(key: string, value: string, file: string): void {
  const setting = Object.hasOwn(settings, key) ? settings[key] : undefined;
  if (setting === undefined) {
    const near = nearest(key, Object.keys(settings));
    throw new BoxyardError('CONFIG_INVALID', {
      file,
      issue: `unknown key ${key}`,
      hint: near === undefined ? `Known: ${Object.keys(settings).join(', ')}.` : `Did you mean ${near}?`,
    });
  }
  const expected = setting.values?.join(', ') ?? setting.form?.expected;
  const isRight = setting.values?.includes(value) ?? setting.form?.isRight(value) ?? true;
  if (!isRight) throw new BoxyardError('CONFIG_INVALID', {file, issue: `${key}: expected ${expected}, got ${value}`, hint: ''});
}
