import type {PluginView, WorkerView} from '../api/index.ts';
import type {DisplayReport} from '../protocol/index.ts';
import {pageOf, type Http} from '../rim/http.ts';
import type {PluginService, WorkerService} from '../services.ts';

/** What this server and the workers that are known to it have loaded, or could not load. */
export function addPluginRoute(http: Http, plugins: PluginService, workers: WorkerService): void {
  http.route('pluginsList', async ({session}) => {
    const [own, {items}] = await Promise.all([plugins.ofServer(), workers.list(session.tenant)]);
    return pageOf({items: [...own, ...items.flatMap(pluginsOf)]});
  });
}

const pluginsOf = ({name: where, engines, displays = []}: WorkerView): readonly PluginView[] => [
  ...engines.map(engine => {
    const {version: backend, features, enforces} = engine;
    return {...viewOf(engine, where), kind: 'engine' as const, backend, features, enforces};
  }),
  ...displays.map(display => ({...viewOf(display, where), kind: 'display' as const, features: [], enforces: []})),
];

const viewOf = ({name, usable, why, fix, plugin}: DisplayReport, where: string) => ({
  name,
  where,
  state: usable ? ('usable' as const) : plugin?.isLoaded === false ? ('not-loaded' as const) : ('unusable' as const),
  why,
  fix,
  module: plugin?.module,
  version: plugin?.version,
  integrity: plugin?.integrity,
  isPinned: plugin?.isPinned ?? false,
});
