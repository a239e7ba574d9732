import {BoxyardError} from '../src/errors/index.ts';
import type {ClusterService, FolderService} from '../src/services.ts';

const notFound = async (name: string): Promise<never> => {
  throw new BoxyardError('NOT_FOUND', {what: 'cluster', name});
};

const noClusters: ClusterService = {
  list: async () => ({items: []}),
  apply: async () => ({changes: []}),
  create: async (_caller, {name}) => notFound(name),
  show: async (_tenant, name) => notFound(name),
  update: async (_caller, name) => notFound(name),
  remove: async (_caller, name) => notFound(name),
  stop: async (_caller, name) => notFound(name),
  showRole: async (_tenant, name) => notFound(name),
  addRole: async (_caller, name) => notFound(name),
  putRole: async (_caller, name) => notFound(name),
  removeRole: async (_caller, name) => notFound(name),
  webhook: async (_tenant, name) => notFound(name),
  rotateWebhook: async (_caller, name) => notFound(name),
  unsignWebhook: async (_caller, name) => notFound(name),
  signed: {
    isOffered: () => true,
    prove: async () => {
      throw new BoxyardError('UNAUTHENTICATED');
    },
  },
  run: async (_caller, {cluster}) => notFound(cluster),
  runs: async (_tenant, name) => notFound(name),
  showRun: async (_tenant, name) => notFound(name),
};

const noFolders: FolderService = {
  list: async (_tenant, name) => notFound(name),
  files: async (_tenant, name) => notFound(name),
  get: async (_tenant, name) => notFound(name),
  put: async (_caller, name) => notFound(name),
  remove: async (_caller, name) => notFound(name),
};

/** As of a tenant that has none. */
export const nothingOfClusters = {clusters: noClusters, folders: noFolders};
