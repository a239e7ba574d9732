import {Args} from '@oclif/core';
import type {FolderFileView, FolderView} from '@boxyard/core/api';
import {defineList} from '../../cli/define-list.ts';
import {required} from '../../cli/flags.ts';
import {folderList, type FolderRow} from '../../output/views/folders.ts';
import {withSuggestion} from '../../services/named-object.ts';

const ofFolder = ({path, files, bytes, updatedAt, until, by}: FolderView): FolderRow => ({
  path,
  files,
  bytes,
  changedAt: updatedAt,
  until,
  by,
});
const ofFile = ({path, bytes, changedAt, by}: FolderFileView): FolderRow => ({path, bytes, changedAt, by});

export default defineList({
  summary: 'List the folders of a cluster, or files in them',
  description:
    'What its roles share on the server: shared/NAME for all of them, roles/ROLE/NAME for one, shared/out/RUN/COPY for what each copy of a run brought, private/RUN/COPY for what a role keeps of each. With a path: the files there and below, and who wrote them.',
  examples: [
    {does: 'Its folders', line: 'folders list team'},
    {does: 'The files of one', line: 'folders list team shared/plans'},
  ],
  args: {cluster: required('name or id of the cluster'), path: Args.string({description: 'a folder, or a path in one'})},
  view: folderList,
  load: async (client, {args: {cluster, path}}) => {
    const load = async (): Promise<{items: FolderRow[]}> => {
      if (path === undefined) return {items: (await client.foldersList({cluster})).items.map(ofFolder)};
      return {items: (await client.foldersFiles({cluster, query: {path}})).items.map(ofFile)};
    };
    return withSuggestion(cluster, 'cluster', load, () => client.clustersList());
  },
});
