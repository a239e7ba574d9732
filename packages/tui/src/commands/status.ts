import {isBoxyardError} from '@boxyard/core/errors';
import {defineCommand} from '../cli/define-command.ts';
import {renderFields} from '../output/print.ts';
import {readWorkerFile} from '../services/worker-file.ts';
import {findUp, isAlive} from '../services/up-file.ts';

export default defineCommand({
  summary: 'Say what of Boxyard runs here',
  description:
    'The server and worker that `up` started on this machine, and whether the server commands go to answers. Ends with 0 where it does, 8 where not.',
  examples: [
    {does: 'For people', line: 'status'},
    {does: 'For a script', line: 'status --output json'},
  ],
  async run(context) {
    const up = findUp(context.paths);
    const reached = await context
      .connect()
      .then(async ({client, target}) => ({
        server: client.server,
        origin: target.origin,
        health: await client.health({requestTimeoutMs: 5_000}),
        workers: await client.workersList().then(
          page => page.items,
          (error: unknown) => (isBoxyardError(error) ? error : Promise.reject(error)),
        ),
      }))
      .catch((error: unknown) => (isBoxyardError(error) ? error : Promise.reject(error)));
    const server = isBoxyardError(reached) ? undefined : reached;
    const workers = server === undefined || isBoxyardError(server.workers) ? undefined : server.workers;
    const about = {
      up: up === undefined ? null : {...up, serverAlive: alive(up.serverPid), agentAlive: alive(up.agentPid)},
      server: server === undefined ? null : {url: server.server, origin: server.origin, ...server.health},
      workers: workers?.map(({name, status}) => ({name, status})) ?? [],
      worksFor: readWorkerFile(context.paths)?.url ?? null,
    };
    const text = renderFields([
      ['Boxyard here', up === undefined ? 'not running' : `pid ${up.pid}, since ${up.startedAt}`],
      [
        'Server',
        server === undefined
          ? (reached as Error).message
          : `${server.server} (${server.health.status}, version ${server.health.version}, Redis ${server.health.redis})`,
      ],
      ['Trouble', server?.health.why],
      [
        'Workers',
        isBoxyardError(server?.workers)
          ? `unknown: ${server.workers.message}`
          : workers?.map(worker => `${worker.name}: ${worker.status}`).join('\n') || undefined,
      ],
    ]);
    await context.print.value(about, text);
    return server === undefined ? 8 : 0;
  },
});

const alive = (pid: number | undefined) => pid !== undefined && isAlive(pid);
