import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {HostShown} from '@boxyard/agent/running-hosts';
import {files} from '@boxyard/core/config';
import {defineCommand} from '../../cli/define-command.ts';
import {renderFields} from '../../output/print.ts';
import {isAlive} from '../../services/up-file.ts';
import {readWorkerFile} from '../../services/worker-file.ts';

export default defineCommand({
  summary: 'Say whom this machine works for',
  description: 'The server it joined, and whether its agent runs. Ends with 0 where it runs, 6 where not, 5 where it joined none.',
  examples: [
    {does: 'For people', line: 'worker status'},
    {does: 'For a script', line: 'worker status --output json'},
  ],
  async run(context) {
    const {hostsBeside} = await import('@boxyard/agent/running-hosts');
    const joined = readWorkerFile(context.paths);
    const {agentData} = files(context.paths);
    const pid = runningAgent(join(agentData, 'agent.pid'));
    const sessionHosts = hostsBeside(agentData, join(context.program.root, 'dist', 'session-host.js'));
    const about = {
      joined:
        joined === undefined
          ? null
          : {worker: joined.worker, tenant: joined.tenant, url: joined.url, installation: joined.installation ?? null},
      agent: pid === undefined ? null : {pid},
      sessionHosts,
      log: files(context.paths).agentLog,
    };
    const text = renderFields([
      ['Works for', joined?.url ?? 'no server; boxyard worker join'],
      ['Worker', joined?.worker],
      ['Agent', pid === undefined ? 'not running; boxyard worker run' : `pid ${pid}`],
      ['Session host', sessionHosts.map(describe).join('; ') || undefined],
      ['Log', about.log],
    ]);
    await context.print.value(about, text);
    return joined === undefined ? 5 : pid === undefined ? 6 : 0;
  },
});

const describe = ({pid, isOlder}: HostShown): string =>
  isOlder ? `pid ${pid}, from before an upgrade: it ends when what it holds has ended` : `pid ${pid}`;

function runningAgent(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
