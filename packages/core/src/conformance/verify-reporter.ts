import {mkdtempSync} from 'node:fs';
import {join} from 'node:path';
import type {BoxyardEvent, Plugin, Reporter} from '../plugin-api/index.ts';
import {configOf, createFrom, createHost, invalid, wrongReported} from '../plugin-host/index.ts';
import {capabilitiesOf} from './capabilities.ts';
import type {Receiver, Report, ReporterCase, ReporterLab, VerifyOptions} from './contract.ts';
import {openReceiver} from './receiver.ts';
import {replaced} from './replaced.ts';
import {reporterCases} from './reporter-cases.ts';
import {runTrials, type Trial} from './trials.ts';
import {verdictOf} from './verdict.ts';

const RECEIVER = '$RECEIVER';

export async function verifyReporter(plugin: Plugin<'reporter', unknown>, options: VerifyOptions): Promise<Report> {
  const hasReceiver = JSON.stringify(options.config ?? {}).includes(RECEIVER);
  const open = async (origin: string): Promise<Reporter> => {
    const config = await configOf(plugin, options.module, replaced(options.config, RECEIVER, origin));
    const host = createHost(plugin.name, mkdtempSync(join(options.stateDir, 'plugin-')), () => undefined);
    const reporter: unknown = await createFrom(plugin, config, host);
    if (typeof (reporter as Partial<Reporter> | undefined)?.report !== 'function')
      throw invalid(plugin.name, 'shape', 'its reporter has no report');
    return sensible(reporter as Reporter);
  };
  // A config that is none is told at once, not once for each case.
  await open('http://127.0.0.1:1');
  const cases = await runTrials(
    reporterCases.map(one => trialOf(one, {hasReceiver, open})),
    options,
  );
  return {name: plugin.name, kind: 'reporter', ...verdictOf(cases, options.signal), capabilities: capabilitiesOf(cases, []), cases};
}

const sensible = (inner: Reporter): Reporter => ({
  report: async (event, signal) => {
    const said = await inner.report(event, signal);
    const wrong = wrongReported(said);
    if (wrong !== undefined) throw new Error(`it returned ${wrong}`);
    return said;
  },
});

interface Opened {
  readonly hasReceiver: boolean;
  readonly open: (origin: string) => Promise<Reporter>;
}

const trialOf = (one: ReporterCase, {hasReceiver, open}: Opened): Trial => ({
  name: one.name,
  needs: [],
  leftOut: one.needsReceiver && !hasReceiver ? `no ${RECEIVER} in its config` : undefined,
  run: async signal => {
    const {lab, close} = createLab(open, signal);
    await one.run(lab).finally(close);
  },
});

let told = 0;

function createLab(open: Opened['open'], signal: AbortSignal): {readonly lab: ReporterLab; close(): void} {
  const receivers: (Receiver & {close(): void})[] = [];
  const receive: ReporterLab['receive'] = async answer => {
    const receiver = await openReceiver(answer);
    receivers.push(receiver);
    return receiver;
  };
  return {
    lab: {
      signal,
      receive,
      event: change => ({...eventOf((told += 1)), ...change}),
      open: async receiver => open((receiver ?? (await receive())).origin),
    },
    close: () => receivers.forEach(receiver => receiver.close()),
  };
}

const eventOf = (number: number): BoxyardEvent => ({
  specversion: '1.0',
  id: `e-${number}`,
  type: 'job.ended',
  source: 'boxyard',
  subject: 'jobs/j-aaaaaaaaaaaaaaaaaaaaaaaaaa',
  time: new Date(1_767_225_600_000 + number).toISOString(),
  tenant: 't-aaaaaaaaaaaaaaaaaaaaaaaaaa',
  actor: 'worker:nas',
  seq: `1.${number}`,
  data: {state: 'ended', outcome: 'failed', exit: {code: 3}, command: ['npm', 'test'], name: 'nightly'},
});
