import type {ClusterView, WebhookView} from '@boxyard/core/api';
import {childrenText} from '../../output/views/clusters.ts';
import {hookTarget} from '../../output/views/webhooks.ts';
import {ageText} from '../ages.ts';
import type {Plugin} from '../data.ts';
import {clusterTone, hookTone, pluginTone} from './facts.ts';
import {rolesOf, runsOf, type ClusterRole} from './roles.ts';
import {list, page} from './table-page.ts';

export const clusters = page<ClusterView>({
  title: 'Clusters',
  empty: 'No clusters. n makes one of a file; so does boxyard clusters apply -f team.yaml.',
  items: list(data => data.clusters),
  id: cluster => cluster.id,
  tone: clusterTone,
  detail: 'cluster',
  columns: [
    {title: 'NAME', width: 12, grow: 1, cell: cluster => cluster.name},
    {title: 'STATUS', width: 8, cell: cluster => (cluster.enabled ? 'enabled' : 'disabled')},
    {title: 'RUNNING', width: 7, align: 'right', cell: each => String(runsOf(each, 'running')), order: each => runsOf(each, 'running')},
    {title: 'WAITING', width: 7, align: 'right', cell: each => String(runsOf(each, 'queued')), order: each => runsOf(each, 'queued')},
    {
      title: 'CHANGED',
      width: 7,
      align: 'right',
      spare: true,
      cell: (each, now) => ageText(each.updatedAt, now),
      order: each => each.updatedAt,
    },
    {title: 'BY', width: 10, grow: 1, spare: true, cell: cluster => cluster.actor},
    {title: 'ROLES', width: 16, grow: 3, cell: cluster => cluster.roles.map(role => role.name).join(', ')},
  ],
});

export const roles = page<ClusterRole>({
  title: 'Roles',
  empty: 'No roles. They come with a cluster: boxyard clusters apply -f team.yaml.',
  items: state => rolesOf(state.data.clusters),
  id: role => role.id,
  tone: role => clusterTone(role.cluster),
  detail: 'role',
  columns: [
    {title: 'CLUSTER', width: 10, grow: 1, cell: role => role.cluster.name},
    {title: 'ROLE', width: 12, grow: 1, cell: role => role.name},
    {
      title: 'RUNNING',
      width: 8,
      align: 'right',
      cell: role => `${role.running} of ${role.maxConcurrency ?? 1}`,
      order: role => role.running,
    },
    {title: 'WAITING', width: 7, align: 'right', cell: role => String(role.queued), order: role => role.queued},
    {title: 'NEXT', width: 16, spare: true, cell: role => role.next?.slice(0, 16).replace('T', ' ') ?? ''},
    {title: 'CHILDREN', width: 12, spare: true, cell: childrenText},
    {
      title: 'WHERE',
      width: 10,
      grow: 1,
      spare: true,
      cell: role => role.worker ?? role.engine ?? role.image ?? (role.build && 'built') ?? '',
    },
    {title: 'COMMAND', width: 14, grow: 3, cell: role => role.command?.join(' ') ?? ''},
  ],
});

export const webhooks = page<WebhookView>({
  title: 'Webhooks',
  empty: 'No webhooks. n adds one; so does boxyard webhooks add URL --event "job.*".',
  items: list(data => data.webhooks),
  id: hook => hook.id,
  tone: hookTone,
  detail: 'webhook',
  columns: [
    {title: 'NAME', width: 12, grow: 1, cell: hook => hook.name},
    {title: 'STATE', width: 8, cell: hook => hook.state},
    {title: 'TARGET', width: 16, grow: 2, cell: hookTarget},
    {title: 'BEHIND', width: 6, align: 'right', cell: hook => String(hook.behind), order: hook => hook.behind},
    {title: 'DEAD', width: 4, align: 'right', cell: hook => String(hook.deadLetters), order: hook => hook.deadLetters},
    {
      title: 'TAKEN',
      width: 5,
      align: 'right',
      spare: true,
      cell: (hook, now) => ageText(hook.deliveredAt, now),
      order: hook => hook.deliveredAt ?? '',
    },
    {title: 'EVENTS', width: 10, grow: 1, spare: true, cell: hook => hook.events.join(' ')},
    {title: 'WHY', width: 10, grow: 2, spare: true, cell: hook => hook.reason ?? ''},
  ],
});

export const plugins = page<Plugin>({
  title: 'Plugins',
  empty: 'No plugins: no worker is known here, and the server has none.',
  items: list(data => data.plugins),
  id: plugin => plugin.id,
  tone: pluginTone,
  detail: 'plugin',
  columns: [
    {title: 'NAME', width: 10, grow: 1, cell: plugin => plugin.name},
    {title: 'KIND', width: 8, cell: plugin => plugin.kind},
    {title: 'WHERE', width: 10, grow: 1, cell: plugin => plugin.where},
    {title: 'STATE', width: 10, cell: plugin => plugin.state},
    {title: 'VERSION', width: 8, spare: true, cell: plugin => plugin.version ?? (plugin.module === undefined ? 'built in' : '')},
    {title: 'PINNED', width: 6, spare: true, cell: plugin => (plugin.isPinned ? 'yes' : '')},
    {title: 'FEATURES', width: 12, grow: 1, spare: true, cell: plugin => plugin.features.join(' ')},
    {title: 'WHY', width: 12, grow: 3, cell: plugin => plugin.why ?? plugin.lastError?.message ?? ''},
  ],
});
