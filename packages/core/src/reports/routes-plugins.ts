import type {PluginView, WorkerView} from '../api/index.ts';
import {pageOf, type Http} from '../rim/http.ts';
import type {PluginService, WorkerService} from '../services.ts';

/** What this server and the workers that are known to it have loaded, or could not load. */
export function addPluginRoute(http: Http, plugins: PluginService, workers: WorkerService): void {
  http.route('pluginsList', async ({session}) => {
    const [own, {items}] = await Promise.all([plugins.ofServer(), workers.list(session.tenant)]);
    return pageOf({items: [...own, ...items.flatMap(enginesOf)]});
  });
}

const enginesOf = ({name: where, engines}: WorkerView): readonly PluginView[] =>
  engines.map(({name, usable, why, fix, version, features, enforces, plugin}) => ({
    name,
    kind: 'engine',
    where,
    state: usable ? 'usable' : plugin?.isLoaded === false ? 'not-loaded' : 'unusable',
    why,
    fix,
    module: plugin?.module,
    version: plugin?.version,
    integrity: plugin?.integrity,
    isPinned: plugin?.isPinned ?? false,
    backend: version,
    features,
    enforces,
  }));
