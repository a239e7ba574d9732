import type {WebhookView} from '@boxyard/core/api';
import {lineWith} from '../line.ts';
import {chosenRow} from '../pages/detail-rows.ts';
import {targetIds} from '../rows.ts';
import {placeOf, stay, type State} from '../state.ts';
import {deedAction, mayChange, type Action} from './action.ts';
import {unless} from './changing.ts';

const hooks = (state: State): readonly WebhookView[] => targetIds(state).flatMap(id => state.data.webhooks.get(id) ?? []);
const chosenEvent = (state: State): string | undefined => (placeOf(state).page === 'webhook' ? chosenRow(state)?.event : undefined);

const none = 'There is no webhook here.';
const hookPages = ['webhooks', 'webhook'] as const;

const manage = {on: hookPages, needs: 'manage', isOfRow: () => true} as const;

export const webhookActions: readonly Action[] = [
  {
    id: 'webhooks.add',
    keys: ['n'],
    title: 'add one: its address, and --event with the types it is told',
    footer: 'add',
    on: ['webhooks'],
    when: state => mayChange(state, 'manage'),
    run: state => stay({...state, mode: {is: 'prompt', prompt: {asks: 'command'}, line: lineWith('!webhooks add https://')}}),
  },
  deedAction({
    ...manage,
    id: 'webhooks.test',
    keys: ['t'],
    title: 'send a test now, and say what came of it',
    footer: 'test',
    when: unless(hooks, none, () => undefined),
    deeds: state => hooks(state).map(({name}) => ({do: 'webhooks.test', webhook: name})),
  }),
  deedAction({
    ...manage,
    id: 'webhooks.redeliver',
    on: ['webhook'],
    isOfRow: state => chosenEvent(state) !== undefined,
    keys: ['a'],
    title: 'send this event once more',
    footer: 'again',
    when: state => (chosenEvent(state) === undefined ? 'Choose an event in deliveries or dead letters.' : undefined),
    deeds: state => hooks(state).map(({name}) => ({do: 'webhooks.redeliver', webhook: name, event: chosenEvent(state)!})),
  }),
  deedAction({
    ...manage,
    id: 'webhooks.redeliver-dead',
    keys: ['A'],
    title: 'send all dead letters once more',
    when: unless(hooks, none, ({name, deadLetters}) => (deadLetters > 0 ? undefined : `${name} has no dead letters.`)),
    deeds: state => hooks(state).map(({name}) => ({do: 'webhooks.redeliver-dead', webhook: name})),
  }),
  deedAction({
    ...manage,
    id: 'webhooks.enable',
    keys: ['u'],
    title: 'enable (up), or try at once one that fails; it goes on where it stopped',
    when: unless(hooks, none, ({name, state}) => (state === 'active' ? `${name} is active.` : undefined)),
    deeds: state => hooks(state).map(({name}) => ({do: 'webhooks.enable', webhook: name})),
  }),
  deedAction({
    ...manage,
    id: 'webhooks.disable',
    keys: ['O'],
    title: 'disable (off); its place is kept',
    danger: 'undo',
    when: unless(hooks, none, ({name, state}) => (state === 'disabled' ? `${name} is disabled.` : undefined)),
    deeds: state => hooks(state).map(({name}) => ({do: 'webhooks.disable', webhook: name})),
  }),
  deedAction({
    ...manage,
    id: 'webhooks.remove',
    keys: ['ctrl-x'],
    title: 'forget it, its log and its dead letters',
    danger: 'name',
    when: unless(hooks, none, () => undefined),
    deeds: state => hooks(state).map(({name}) => ({do: 'webhooks.remove', webhook: name})),
    asks: (_state, names) => `Forget ${names}, its log and its dead letters?`,
  }),
];
