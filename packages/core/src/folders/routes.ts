import {pageOf, type Http} from '../rim/http.ts';
import type {ClusterService, FolderService} from '../services.ts';

export function addFolderRoutes(http: Http, folders: FolderService, clusters: ClusterService): void {
  http.route('foldersList', async ({session, params}) => pageOf(await folders.list(session.tenant, params['cluster']!)));
  http.route('foldersFiles', async ({session, params, query}) =>
    pageOf(await folders.files(session.tenant, params['cluster']!, query.path)),
  );
  http.route('foldersGet', async ({session, params, query, send}) => {
    await send({'content-type': 'application/x-tar'}, await folders.get(session.tenant, params['cluster']!, query.path));
  });
  http.route('foldersPut', ({session, params, query, bytes}) =>
    folders.put(session, params['cluster']!, {path: query.path, mirror: query.mirror === 'true'}, bytes),
  );
  http.route('foldersRemove', ({session, params, query}) => folders.remove(session, params['cluster']!, query.path));
  http.route('clustersRuns', async ({session, params, query}) => pageOf(await clusters.runs(session.tenant, params['cluster']!, query)));
  http.route('clustersRun', ({session, params}) => clusters.showRun(session.tenant, params['cluster']!, params['run']!));
}
