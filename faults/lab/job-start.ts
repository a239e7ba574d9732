import {newId} from '@boxyard/core/config';
import {fromServer, type Attempt} from '@boxyard/core/protocol';
import type {z} from 'zod';
import {ledgerArguments, type LedgerPlan} from '../ledger/expected.ts';
import type {ScriptedServer} from './scripted-server.ts';

type JobStart = z.infer<(typeof fromServer)['job.start']>;

/** A dispatch of the ledger on the engine process, as a server would send it. `mark` is the host ledger's directory. */
export function ledgerStart(
  server: ScriptedServer,
  {plan, script, mark, attempt}: {readonly plan: LedgerPlan; readonly script: string; readonly mark: string; readonly attempt?: Attempt},
): JobStart {
  const job = newId('j');
  const of = attempt ?? server.attempt();
  const name = `bx-${job}-${of.number}`;
  const spec = {
    name,
    labels: {
      'io.boxyard.job': job,
      'io.boxyard.attempt': String(of.number),
      'io.boxyard.tenant': server.tenant,
      'io.boxyard.worker': server.worker,
    },
    main: ['sh', script, ...ledgerArguments(plan, mark)],
  };
  return fromServer['job.start'].parse({
    type: 'job.start',
    entry: `${Date.now()}-0`,
    job,
    attempt: of,
    tenant: server.tenant,
    kind: 'run',
    engine: 'process',
    profile: 'open',
    steps: [
      {do: 'container.create', spec, secrets: []},
      {do: 'container.start', box: name},
      {do: 'container.wait', box: name},
    ],
    graceMs: 1_000,
    keepBox: false,
  });
}
