import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {ReporterSetting} from './plugin-host/index.ts';

/** The reporters that come with Boxyard; loaded like anyone's, when they are first used. `configs` is the owner's part of each. */
export const builtInReporters = (
  dir: string,
  file: string,
  configs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): readonly ReporterSetting[] =>
  ['webhook', 'log'].map(name => ({
    name,
    module: pathToFileURL(file.startsWith('.') ? join(dir, `${name}${file}`) : join(dir, name, file)).href,
    config: configs[name] ?? {},
  }));
