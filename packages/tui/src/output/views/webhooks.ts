import type {DeadLetterView, DeliveryView, WebhookView} from '@boxyard/core/api';
import {countOf, formatAge, formatSpan} from '../amounts.ts';
import {renderFields, type ListView} from '../print.ts';

export const hookTarget = (hook: WebhookView): string => hook.url ?? hook.reporter;

export const webhookList: ListView<WebhookView> = {
  name: hook => hook.name,
  empty: 'No webhooks. boxyard webhooks add URL --event "job.*" makes one.',
  columns: [
    {title: 'NAME', cell: hook => hook.name},
    {title: 'STATE', cell: hook => hook.state},
    {title: 'TARGET', cell: hookTarget, flexible: true},
    {title: 'EVENTS', cell: hook => hook.events.join(' '), flexible: true, spare: true},
    {title: 'BEHIND', cell: hook => String(hook.behind), sort: hook => hook.behind, align: 'right'},
    {title: 'DEAD', cell: hook => String(hook.deadLetters), sort: hook => hook.deadLetters, align: 'right', spare: true},
    {
      title: 'DELIVERED',
      cell: (hook, now) => formatAge(hook.deliveredAt, now),
      sort: hook => hook.deliveredAt && -Date.parse(hook.deliveredAt),
      align: 'right',
    },
    {title: 'WHY', cell: hook => hook.reason ?? '', flexible: true, spare: true},
    {title: 'ID', cell: hook => hook.id, wide: true},
  ],
};

export const webhookText = (hook: WebhookView, now: number): string =>
  renderFields([
    ['Webhook', hook.name],
    ['Id', hook.id],
    ['Target', hookTarget(hook)],
    ['Reporter', hook.reporter],
    ['Config', hook.config === undefined ? undefined : JSON.stringify(hook.config)],
    ['Events', hook.events.join(' ')],
    ['State', hook.state],
    ['Why', hook.reason],
    ['Disabled', hook.disabledAt],
    ['Failing since', hook.failingSince],
    ['Tries', hook.tries === 0 ? undefined : String(hook.tries)],
    ['Next try', hook.nextTryAt === undefined ? undefined : `in ${formatSpan(Math.max(0, Date.parse(hook.nextTryAt) - now))}`],
    ['Behind', countOf(hook.behind, 'event')],
    ['Delivered', `${hook.delivered}${hook.deliveredAt === undefined ? '' : `, last ${hook.deliveredAt}`}`],
    ['Dead letters', String(hook.deadLetters)],
    ['Missed', hook.skipped === 0 ? undefined : `${hook.skipped} events were no longer kept when their turn came`],
    ['Secrets', hook.secrets.map(secretText).join('; ') || undefined],
    ['Made by', hook.actor],
    ['Created', hook.createdAt],
    ['Changed', hook.updatedAt],
  ]);

export const secretText = ({createdAt, expiresAt}: WebhookView['secrets'][number]): string =>
  expiresAt === undefined ? `of ${createdAt}` : `of ${createdAt}, until ${expiresAt}`;

export const deliveryList: ListView<DeliveryView> = {
  name: delivery => delivery.event,
  empty: 'Nothing was sent yet. boxyard webhooks test NAME sends a test.',
  columns: [
    {title: 'AT', cell: (delivery, now) => formatAge(delivery.at, now), sort: delivery => -Date.parse(delivery.at), align: 'right'},
    {title: 'OUTCOME', cell: delivery => delivery.outcome},
    {title: 'TYPE', cell: delivery => delivery.type},
    {title: 'KIND', cell: delivery => delivery.kind, spare: true},
    {title: 'TRIES', cell: delivery => String(delivery.tries), sort: delivery => delivery.tries, align: 'right', spare: true},
    {title: 'TOOK', cell: delivery => `${delivery.ms} ms`, sort: delivery => delivery.ms, align: 'right', spare: true},
    {title: 'WHY', cell: delivery => delivery.why ?? '', flexible: true},
    {title: 'EVENT', cell: delivery => delivery.event},
  ],
};

export const deliveryText = ({outcome, event, ms, why}: DeliveryView): string =>
  outcome === 'delivered' ? `Delivered in ${ms} ms: ${event}` : `Not taken after ${ms} ms: ${why ?? outcome} (${event})`;

export const deadLetterList: ListView<DeadLetterView> = {
  name: letter => letter.event,
  empty: 'No dead letters.',
  columns: [
    {title: 'GIVEN UP', cell: (letter, now) => formatAge(letter.at, now), sort: letter => -Date.parse(letter.at), align: 'right'},
    {title: 'TYPE', cell: letter => letter.type},
    {title: 'SUBJECT', cell: letter => letter.subject, flexible: true, spare: true},
    {title: 'TRIES', cell: letter => String(letter.tries), sort: letter => letter.tries, align: 'right', spare: true},
    {title: 'WHY', cell: letter => letter.why, flexible: true},
    {title: 'EVENT', cell: letter => letter.event},
  ],
};
