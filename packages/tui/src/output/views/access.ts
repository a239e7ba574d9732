import type {z} from 'zod';
import type {SecretView as SecretSchema, TenantView, TokenView} from '@boxyard/core/api';
import {formatAge, formatBytes} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';

export type SecretView = z.infer<typeof SecretSchema>;

export const tokenList: ListView<TokenView> = {
  name: token => token.id,
  empty: 'No tokens. boxyard tokens create NAME makes one.',
  columns: [
    {title: 'ID', cell: token => token.id},
    {title: 'NAME', cell: token => token.name, flexible: true},
    {title: 'ACCESS', cell: token => token.access},
    {
      title: 'CREATED',
      cell: (token, now) => formatAge(token.createdAt, now),
      sort: token => -Date.parse(token.createdAt),
      align: 'right',
      spare: true,
    },
    {title: 'EXPIRES', cell: token => token.expiresAt ?? 'never', spare: true},
    {
      title: 'USED',
      cell: (token, now) => formatAge(token.lastUsedAt, now),
      sort: token => token.lastUsedAt && -Date.parse(token.lastUsedAt),
      align: 'right',
      spare: true,
    },
    {title: 'BY', cell: token => token.actor, flexible: true, spare: true},
  ],
};

export const secretList: ListView<SecretView> = {
  name: secret => secret.name,
  empty: 'No secrets. boxyard secrets set NAME reads one from stdin.',
  columns: [
    {title: 'NAME', cell: secret => secret.name},
    {
      title: 'CHANGED',
      cell: (secret, now) => formatAge(secret.updatedAt, now),
      sort: secret => -Date.parse(secret.updatedAt),
      align: 'right',
    },
    {title: 'BY', cell: secret => secret.actor, flexible: true, spare: true},
  ],
};

const limitText = (limit: number) => (limit < 0 ? 'unlimited' : String(limit));
const useText = (used: number, limit: number) => `${used} of ${limitText(limit)}`;

export const tenantList: ListView<TenantView> = {
  name: tenant => tenant.name,
  empty: 'No tenant is visible to this token.',
  columns: [
    {title: 'ID', cell: tenant => tenant.id},
    {title: 'NAME', cell: tenant => tenant.name, flexible: true},
    {title: 'PLAN', cell: tenant => tenant.plan, spare: true},
    {title: 'WORKERS', cell: tenant => useText(tenant.used.workers, tenant.limits.workers), sort: tenant => tenant.used.workers},
    {title: 'DEVBOXES', cell: tenant => useText(tenant.used.devboxes, tenant.limits.devboxes), sort: tenant => tenant.used.devboxes},
    {title: 'PROFILE', cell: tenant => tenant.defaultProfile, spare: true},
  ],
};

export const tenantText = (tenant: TenantView): string =>
  renderFields([
    ['Tenant', tenant.name],
    ['Id', tenant.id],
    ['Plan', tenant.plan],
    ['Workers', useText(tenant.used.workers, tenant.limits.workers)],
    ['DevBoxes', useText(tenant.used.devboxes, tenant.limits.devboxes)],
    ['Sessions', useText(tenant.used.sessions, tenant.limits.sessions)],
    ['Folders', tenant.limits.folderBytes < 0 ? 'unlimited' : formatBytes(tenant.limits.folderBytes)],
    ['History', tenant.limits.historyDays < 0 ? 'unlimited' : `${tenant.limits.historyDays} days`],
    ['Default profile', tenant.defaultProfile],
    ['Least profile', tenant.minimumProfile],
    ['Created', tenant.createdAt],
  ]);
