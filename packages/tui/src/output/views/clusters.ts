import type {ClusterChange, ClusterView, RoleView, RoleWebhookView} from '@boxyard/core/api';
import {formatAge} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';
import {secretText} from './webhooks.ts';

export interface RoleRow extends RoleView {
  readonly cluster: string;
}

export const clusterList: ListView<ClusterView> = {
  name: cluster => cluster.name,
  empty: 'No clusters. boxyard clusters apply -f team.yaml makes one.',
  columns: [
    {title: 'NAME', cell: cluster => cluster.name, flexible: true},
    {title: 'STATUS', cell: cluster => (cluster.enabled ? 'enabled' : 'disabled')},
    {title: 'ROLES', cell: cluster => cluster.roles.map(role => role.name).join(', '), flexible: true},
    {title: 'RUNNING', cell: cluster => String(sum(cluster, 'running')), sort: cluster => sum(cluster, 'running'), align: 'right'},
    {
      title: 'WAITING',
      cell: cluster => String(sum(cluster, 'queued')),
      sort: cluster => sum(cluster, 'queued'),
      align: 'right',
      spare: true,
    },
    {
      title: 'CHANGED',
      cell: (cluster, now) => formatAge(cluster.updatedAt, now),
      sort: cluster => -Date.parse(cluster.updatedAt),
      align: 'right',
      spare: true,
    },
  ],
};

const sum = (cluster: ClusterView, field: 'running' | 'queued'): number => cluster.roles.reduce((all, role) => all + role[field], 0);

export const roleList: ListView<RoleRow> = {
  name: role => `${role.cluster}/${role.name}`,
  empty: 'No roles. boxyard clusters apply -f team.yaml makes some.',
  columns: [
    {title: 'CLUSTER', cell: role => role.cluster, flexible: true},
    {title: 'ROLE', cell: role => role.name, flexible: true},
    {title: 'RUNNING', cell: role => `${role.running} of ${role.maxConcurrency ?? 1}`, sort: role => role.running, align: 'right'},
    {title: 'WAITING', cell: role => String(role.queued), sort: role => role.queued, align: 'right', spare: true},
    {title: 'CHILDREN', cell: childrenText, spare: true},
    {title: 'WHERE', cell: role => role.worker ?? role.engine ?? role.image ?? (role.build && 'built') ?? '-', flexible: true, spare: true},
    {title: 'COMMAND', cell: role => role.command?.join(' ') ?? '-', flexible: true},
  ],
};

/** What a run of it makes, as a person would say it. */
export function childrenText({copies, each, matrix}: RoleView): string {
  const parts = [
    ...(each === undefined
      ? []
      : [each === 'worker' ? 'each worker' : 'label' in each ? `each ${each.label}` : `${each.list.length} lines`]),
    ...Object.entries(matrix ?? {}).map(([name, values]) => `${values.length} ${name}`),
    ...(copies === undefined ? [] : [`${copies} copies`]),
  ];
  return parts.length === 0 ? '-' : parts.join(' x ');
}

export const clusterName = (cluster: ClusterView): string => cluster.name;

export const clusterText = (cluster: ClusterView): string =>
  [
    renderFields([
      ['name', cluster.name],
      ['id', cluster.id],
      ['status', cluster.enabled ? 'enabled' : 'disabled'],
      ['changed', cluster.updatedAt],
      ['by', cluster.actor],
      ['prompt', cluster.prompt],
    ]),
    ...cluster.roles.map(role => `\n${roleText(role)}`),
  ].join('\n');

const hidden = ['id', 'name', 'running', 'queued'];

export const roleText = (role: RoleView): string =>
  renderFields([
    ['role', role.name],
    ['id', role.id],
    ['running', `${role.running} of ${role.maxConcurrency ?? 1}${role.queued > 0 ? `, ${role.queued} wait` : ''}`],
    ...Object.entries(role)
      .filter(([name]) => !hidden.includes(name))
      .map(([name, value]): [string, string] => [name, valueText(value)]),
  ]);

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A line for each change: `+` new, `-` gone, `~` other. */
export const changesText = (changes: readonly ClusterChange[]): string =>
  changes
    .map(({path, from, to}) => {
      if (from === undefined) return `+ ${path}: ${valueText(to)}`;
      return to === undefined ? `- ${path}: ${valueText(from)}` : `~ ${path}: ${valueText(from)} -> ${valueText(to)}`;
    })
    .join('\n');

/** Where a role is run from outside, and by what; the secret itself only where it was just made. */
export const roleWebhookText = (hook: RoleWebhookView & {readonly url: string; readonly secret?: string}): string =>
  renderFields([
    ['URL', hook.url],
    ['Takes', hook.secrets.length === 0 ? 'tokens' : 'tokens and signatures'],
    ['Secrets', hook.secrets.map(secretText).join('; ')],
    ['Secret', hook.secret],
  ]);
