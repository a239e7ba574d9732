import type {ClusterView} from '@boxyard/core/api';
import {countOf} from '../../output/amounts.ts';
import type {Deed} from '../deeds.ts';
import {lineWith} from '../line.ts';
import {chosenRow} from '../pages/detail-rows.ts';
import {rolesOf, runsOf, type ClusterRole} from '../pages/roles.ts';
import {isDetail} from '../panes.ts';
import {targetIds, targetOf} from '../rows.ts';
import {placeOf, stay, type State} from '../state.ts';
import {deedAction, mayChange, type Action} from './action.ts';
import {ask, unless} from './changing.ts';

/** The roles a key is about: those marked or under the cursor, the chosen one of a cluster, or its only one. */
function roles(state: State): readonly ClusterRole[] {
  const all = rolesOf(state.data.clusters);
  const listed = isDetail(placeOf(state).page) ? chosenRow(state)?.id : undefined;
  const chosen = all.filter(({id}) => id === listed);
  if (chosen.length > 0) return chosen;
  return targetIds(state).flatMap(id => {
    const target = targetOf(state, id);
    if (target.is === 'role') return [target.role];
    const own = all.filter(({cluster}) => cluster.id === id);
    return own.length === 1 ? own : [];
  });
}

const clusters = (state: State): readonly ClusterView[] => targetIds(state).flatMap(id => state.data.clusters.get(id) ?? []);

/** What goes on and may be stopped: of roles where they are listed, else of whole clusters. */
function running(state: State): readonly {readonly deed: Deed; readonly runs: number}[] {
  const isOfRoles = placeOf(state).page !== 'clusters' && roles(state).length > 0;
  if (isOfRoles)
    return roles(state).map(role => ({
      deed: {do: 'clusters.stop', cluster: role.cluster.name, role: role.name},
      runs: role.running + role.queued,
    }));
  return clusters(state).map(each => ({deed: {do: 'clusters.stop', cluster: each.name}, runs: goingOn(each)}));
}

const goingOn = (cluster: ClusterView): number => runsOf(cluster, 'running') + runsOf(cluster, 'queued');

const rolePages = ['clusters', 'roles', 'cluster', 'role'] as const;
const clusterPages = ['clusters', 'cluster'] as const;

export const clusterActions: readonly Action[] = [
  {
    id: 'clusters.apply',
    keys: ['n'],
    title: 'make or change one by a file',
    footer: 'from a file',
    on: ['clusters'],
    when: state => mayChange(state, 'manage'),
    run: state => stay({...state, mode: {is: 'prompt', prompt: {asks: 'command'}, line: lineWith('!clusters apply -f ')}}),
  },
  {
    id: 'clusters.run',
    keys: ['r'],
    title: 'run the role',
    footer: 'run',
    on: rolePages,
    isOfRow: state => roles(state).length > 0,
    when: state =>
      mayChange(state, 'run') ??
      unless(roles, 'Which role? enter shows them.', ({cluster}) => (cluster.enabled ? undefined : `${cluster.name} is disabled.`))(state),
    run: state => {
      const {cluster, name} = roles(state)[0]!;
      return ask(state, {asks: 'role', cluster: cluster.name, role: name});
    },
  },
  deedAction({
    id: 'clusters.stop',
    keys: ['c'],
    title: 'cancel its runs',
    footer: 'cancel runs',
    on: rolePages,
    isOfRow: () => true,
    danger: 'ask',
    when: state => (running(state).some(({runs}) => runs > 0) ? undefined : 'Nothing of it goes on.'),
    deeds: state => running(state).flatMap(({deed, runs}) => (runs > 0 ? deed : [])),
    asks: (state, names) => `Cancel ${countOf(sum(running(state)), 'run')} of ${names}?`,
  }),
  deedAction({
    id: 'clusters.enable',
    keys: ['u'],
    title: 'enable (up)',
    on: clusterPages,
    isOfRow: () => true,
    needs: 'manage',
    when: unless(clusters, 'There is no cluster here.', ({name, enabled}) => (enabled ? `${name} is enabled.` : undefined)),
    deeds: state => clusters(state).map(({name}) => ({do: 'clusters.enable', cluster: name})),
  }),
  deedAction({
    id: 'clusters.disable',
    keys: ['O'],
    title: 'disable (off): its runs end, and none begins',
    on: clusterPages,
    isOfRow: () => true,
    needs: 'manage',
    danger: 'ask',
    when: unless(clusters, 'There is no cluster here.', ({name, enabled}) => (enabled ? undefined : `${name} is disabled.`)),
    deeds: state => clusters(state).map(({name}) => ({do: 'clusters.disable', cluster: name})),
    asks: (state, names) => `Disable ${names}? ${endText(clusters(state))}None begins until it is enabled.`,
  }),
  deedAction({
    id: 'clusters.remove',
    keys: ['ctrl-x'],
    title: 'remove it with its roles',
    on: clusterPages,
    isOfRow: () => true,
    needs: 'manage',
    danger: 'name',
    when: unless(clusters, 'There is no cluster here.', () => undefined),
    deeds: state => clusters(state).map(({name}) => ({do: 'clusters.remove', cluster: name})),
    asks: (state, names) => `Remove ${names} with its roles? ${endText(clusters(state))}`,
  }),
];

const sum = (all: readonly {readonly runs: number}[]): number => all.reduce((total, {runs}) => total + runs, 0);
const endText = (all: readonly ClusterView[]): string => {
  const runs = all.reduce((total, cluster) => total + goingOn(cluster), 0);
  return runs === 0 ? '' : `${countOf(runs, 'run')} of it will be cancelled. `;
};
