import {files} from '@boxyard/core/config';
import {defineCommand} from '../cli/define-command.ts';
import {renderFields} from '../output/print.ts';
import {findTarget} from '../services/connection.ts';
import {findUp} from '../services/up-file.ts';
import {readWorkerFile} from '../services/worker-file.ts';

export default defineCommand({
  summary: 'Show paths, addresses and versions',
  description: 'Where Boxyard keeps what, which server commands go to and why, and what is installed. Nothing secret is shown.',
  examples: [
    {does: 'For people, and for reports of a fault', line: 'info'},
    {does: 'For a script', line: 'info --output json'},
  ],
  async run(context) {
    const {program, paths} = context;
    const target = findTarget({env: program.env, paths, server: context.flags.server});
    const connection = target === undefined ? undefined : await context.connect();
    const health = await connection?.client.health({requestTimeoutMs: 3_000}).catch(() => undefined);
    const named = files(paths);
    const about = {
      version: program.version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      root: program.root,
      server:
        connection === undefined
          ? null
          : {
              url: connection.client.server,
              from: target?.origin ?? null,
              version: health?.version ?? null,
              installation: health?.installation ?? null,
            },
      worksFor: readWorkerFile(paths)?.url ?? null,
      up: findUp(paths)?.pid ?? null,
      paths: {...paths, ...named},
    };
    const text = renderFields([
      ['Boxyard', `${about.version} (node ${about.node}, ${about.platform})`],
      ['Installed in', about.root],
      [
        'Server',
        about.server === null
          ? 'none'
          : `${about.server.url} (from ${about.server.from}), ${about.server.version === null ? 'not reached' : `version ${about.server.version}`}`,
      ],
      ['Works for', about.worksFor ?? undefined],
      ['Configuration', paths.config],
      ['Data', paths.data],
      ['State', paths.state],
      ['Cache', paths.cache],
      ['Runtime', paths.runtime],
      ['Token file', named.localToken],
      ['Logs', [named.upLog, named.serverLog, named.agentLog].join('\n')],
    ]);
    await context.print.value(about, text);
  },
});
