import {actionsOf, keyText} from './actions/registry.ts';
import {goInto} from './actions/pages.ts';
import type {PageName} from './places.ts';
import {rolesOf} from './pages/roles.ts';
import {fuzzyRank} from './filter.ts';
import {said, stay, type State, type Step} from './state.ts';
import {terminalName} from '../output/views/terminals.ts';
import {commandText} from '../output/views/jobs.ts';
import {isLiveSession} from './data.ts';

export interface Found {
  readonly title: string;
  readonly kind: string;
  readonly isOff: boolean;
  readonly run: (state: State) => Step;
}

const most = 200;

/** Actions of this place, pages, and things by name: those whose letters fit best first. */
export function found(state: State, text: string): readonly Found[] {
  const low = text.trim().toLowerCase();
  const all = [...actionFinds(state), ...thingFinds(state)];
  const ranked = all.flatMap(item => {
    const rank = low === '' ? 0 : fuzzyRank(low, `${item.title} ${item.kind}`.toLowerCase());
    return rank === undefined ? [] : [{item, rank}];
  });
  return ranked
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({item}) => item);
}

const actionFinds = (state: State): readonly Found[] =>
  actionsOf(state)
    .filter(action => action.id !== 'palette')
    .map(({title, keys, when, run}) => {
      const refusal = when?.(state);
      return {
        title: refusal === undefined ? title : `${title} (${refusal})`,
        kind: keys[0] === undefined ? '' : keyText(keys[0]),
        isOff: refusal !== undefined,
        run: refusal === undefined ? run : (now: State) => stay(said(now, refusal)),
      };
    });

function thingFinds({data}: State): readonly Found[] {
  const into = (page: PageName, id: string) => (now: State) => stay(goInto(now, page, id));
  return [
    ...[...data.devboxes.values()].map(box => ({title: box.name, kind: 'DevBox', isOff: false, run: into('devbox', box.id)})),
    ...[...data.workers.values()].map(worker => ({title: worker.name, kind: 'worker', isOff: false, run: into('worker', worker.id)})),
    ...[...data.clusters.values()].map(({name, id}) => ({title: name, kind: 'cluster', isOff: false, run: into('cluster', id)})),
    ...rolesOf(data.clusters).map(({name, cluster, id}) => ({
      title: `${cluster.name}/${name}`,
      kind: 'role',
      isOff: false,
      run: into('role', id),
    })),
    ...[...data.webhooks.values()].map(({name, id}) => ({title: name, kind: 'webhook', isOff: false, run: into('webhook', id)})),
    ...[...data.jobs.values()].map(job => ({
      title: isLiveSession(job) ? terminalName(job) : `${job.id.slice(0, 10)} ${commandText(job)}`,
      kind: isLiveSession(job) ? 'session' : 'job',
      isOff: false,
      run: into('job', job.id),
    })),
  ];
}
