import type {PluginView} from '@boxyard/core/api';
import {renderFields, type ListView} from '../print.ts';

export const pluginList: ListView<PluginView> = {
  name: plugin => plugin.name,
  empty: 'No plugins: no worker is known here, and the server has none.',
  columns: [
    {title: 'NAME', cell: plugin => plugin.name, flexible: true},
    {title: 'KIND', cell: plugin => plugin.kind},
    {title: 'WHERE', cell: plugin => plugin.where},
    {title: 'STATE', cell: plugin => plugin.state},
    {title: 'VERSION', cell: plugin => plugin.version ?? (plugin.module === undefined ? 'built in' : ''), spare: true},
    {title: 'FEATURES', cell: plugin => plugin.features.join(' '), flexible: true, spare: true},
    {title: 'WHY', cell: plugin => plugin.why ?? plugin.lastError?.message ?? '', flexible: true},
    {title: 'PINNED', cell: plugin => (plugin.isPinned ? 'yes' : 'no'), wide: true},
    {title: 'MODULE', cell: plugin => plugin.module ?? '', wide: true},
    {title: 'INTEGRITY', cell: plugin => plugin.integrity ?? '', wide: true},
  ],
};

export const pluginText = (plugin: PluginView): string =>
  renderFields([
    ['Plugin', plugin.name],
    ['Kind', plugin.kind],
    ['Where', plugin.where === 'server' ? 'the server' : `worker ${plugin.where}`],
    ['State', plugin.state],
    ['Why', plugin.why],
    ['Try', plugin.fix],
    ['Module', plugin.module ?? 'comes with Boxyard'],
    ['Version', plugin.version],
    ['Integrity', plugin.integrity],
    ['Pinned', plugin.module === undefined ? undefined : plugin.isPinned ? 'yes, to this integrity' : 'no'],
    ['Backend', plugin.backend],
    ['Features', plugin.features.join(' ')],
    ['Enforces', plugin.enforces.join(' ')],
    ['Last error', plugin.lastError === undefined ? undefined : `${plugin.lastError.at}: ${plugin.lastError.message}`],
  ]);

/** A module that is here, whoever names it. */
export interface ModuleHere {
  readonly module: string;
  readonly file: string;
  readonly version?: string | undefined;
  readonly integrity: string;
  /** How much the integrity covers. */
  readonly covers: string;
}

export const moduleText = ({module, file, version, integrity, covers}: ModuleHere): string =>
  [
    renderFields([
      ['Module', module],
      ['File', file],
      ['Version', version],
      ['Integrity', integrity],
      ['Covers', covers],
    ]),
    `For a config file:\n  - module: ${module}\n`,
    version === undefined ? '' : `    version: ${version}\n`,
    `    integrity: ${integrity}\n`,
  ].join('');
